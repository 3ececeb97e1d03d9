import { type HubEnvironment, readHubEnvironment } from "../../src/environment/hub-environment.js";

/** Settings that use nothing of this device. */
export function environmentOf(endpoint: string, others: Partial<HubEnvironment> = {}): HubEnvironment {
  return { ...readHubEnvironment({ HF_ENDPOINT: endpoint }, { home: "/nonexistent" }), ...others };
}
