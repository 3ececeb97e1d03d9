import { type BundleModel, FleetError, type ModelStore } from "@nanoagent/fleet/bundles";
import { NanoAgentError } from "@nanoagent/models";

/** Codes that say that no model of this device has a name, or not a single one. */
const NOT_HERE: ReadonlySet<string> = new Set(["model-unknown", "model-not-downloaded", "quantization-not-found"]);

/** Models of the store that `nanoagent models` manages. */
export const hubModelStore: ModelStore = {
  has: async (model, signal) => (await findHash(model.name, signal)) === model.sha256,

  async pull(model, { signal, onProgress }) {
    // Most bundles need no download, and a service keeps what it has loaded.
    const { pullBundleModel } = await import("./pull-bundle-model.js");
    await pullBundleModel(model, { signal, onProgress });
    const found = await findHash(model.name, signal);
    if (found !== model.sha256) throw otherName(model);
  },
};

/** Returns the hash of the model with a name; a file that was never hashed is read. Null if no model has the name. */
async function findHash(name: string, signal: AbortSignal): Promise<string | null> {
  const { readHubEnvironment, resolveAnyName } = await import("@nanoagent/hub/local-models");
  try {
    return (await resolveAnyName(name, readHubEnvironment(), { signal })).sha256;
  } catch (error) {
    if (NanoAgentError.isInstance(error) && NOT_HERE.has(error.code)) return null;
    throw error;
  }
}

function otherName({ name, source }: BundleModel): FleetError {
  return new FleetError({
    code: "bundle-unsuitable",
    message: `The model of ${source} has the right content, but not the name ${name}.`,
    reason: "The config of the bundle finds its model by this name.",
    hint: `Give it the name with nanoagent models import, or use hub:${source} in the config.`,
  });
}
