import type { HubEnvironment } from "../environment/hub-environment.js";
import { type ResolveModelOptions, resolveModel } from "../store/resolve-model.js";
import type { StoredModel } from "../store/stored-model.js";
import { localNameOf } from "./local-name.js";

/**
 * Returns the model on this device that a name stands for, as {@link resolveModel} does. A word that is not the name of
 * a model here is looked up in the catalogue; the error of an unknown one names the nearest of both.
 */
export async function resolveAnyName(
  text: string,
  environment: HubEnvironment,
  options: ResolveModelOptions = {},
): Promise<StoredModel> {
  return resolveModel(await localNameOf(text, environment), environment, options);
}
