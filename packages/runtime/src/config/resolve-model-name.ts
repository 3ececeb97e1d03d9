import { NanoRuntimeError } from "../nano-runtime-error.js";

/** Prefix of `model_path` for a model that is known by name: `hub:org/repo:Q4_K_M`. */
const NAME_PREFIX = "hub:";

/** Returns the path of the model file with a name. Rejects if this device has no such model. */
export type ResolveModel = (name: string) => Promise<string>;

/** Returns the name in a `model_path` such as `hub:org/repo:Q4_K_M`; null for a path. */
export function modelNameIn(modelPath: string | null | undefined): string | null {
  return modelPath?.startsWith(NAME_PREFIX) ? modelPath.slice(NAME_PREFIX.length) : null;
}

/**
 * Returns the config with a path instead of the name of its model. A config with a path, or without a model, is
 * returned unchanged. Throws {@link NanoRuntimeError} `model-name-unresolved` without `resolveModel`.
 */
export async function resolveModelName<Config extends { model_path?: string | null | undefined }>(
  config: Config,
  resolveModel: ResolveModel | undefined,
): Promise<Config> {
  const name = modelNameIn(config.model_path);
  if (name === null) return config;
  if (resolveModel !== undefined) return { ...config, model_path: await resolveModel(name) };
  throw new NanoRuntimeError({
    code: "model-name-unresolved",
    message: `model_path names the model ${name}, but this program does not look up names.`,
    hint: "Pass resolveModel to the runtime, for example resolveModel of @nanoagent/hub, or set model_path to a file.",
  });
}
