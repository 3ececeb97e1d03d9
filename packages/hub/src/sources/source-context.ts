import type { HubEnvironment } from "../environment/hub-environment.js";
import type { HttpClient } from "../network/http-client.js";

/** Means that a source is asked with. */
export interface SourceContext {
  client: HttpClient;
  environment: Pick<HubEnvironment, "endpoint" | "ollamaRegistry">;
  signal?: AbortSignal | undefined;
}
