import type { ServedAgent } from "../service/served-agent.js";
import { type ModelEntry, modelEntry } from "./model-entry.js";

/** The list of `GET /v1/models`, with the agent first. */
export function listModels(served: ServedAgent): { object: "list"; data: ModelEntry[] } {
  return { object: "list", data: served.listModels().map(modelEntry) };
}

/** The entry of `GET /v1/models/ID`. Throws {@link ServiceError} `model-not-served`. */
export function showModel(served: ServedAgent, id: string | undefined): ModelEntry {
  return modelEntry(served.findModel(id));
}
