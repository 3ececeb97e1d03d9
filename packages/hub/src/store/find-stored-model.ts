import type { HubEnvironment } from "../environment/hub-environment.js";
import { stampOf, storedModel } from "./list-models.js";
import { findModel } from "./resolve-model.js";
import { readStamps } from "./stamps.js";
import type { StoredModel } from "./stored-model.js";

/** Returns the model on this device with a name, without reading its contents. Throws like `resolveModel`. */
export async function findStoredModel(name: string, environment: HubEnvironment): Promise<StoredModel> {
  const [model, { stamps }] = await Promise.all([findModel(name, environment), readStamps(environment)]);
  return storedModel(model, stampOf(model, stamps));
}
