import { type BundleModel, FleetError, type ModelStore } from "@nanoagent/fleet/bundles";
import { NanoAgentError } from "@nanoagent/models";
import { planFactsFor } from "../optimize/plan-facts-for.js";
import { readPlanningDevice } from "../optimize/planning-device.js";

/** Codes that say that no model of this device has a name, or not a single one. */
const NOT_HERE: ReadonlySet<string> = new Set(["model-unknown", "model-not-downloaded", "quantization-not-found"]);

/** Models of the store that `nanoagent models` manages. */
export const hubModelStore: ModelStore = {
  has: async (model, signal) => (await findHash(model.name, signal)) === model.sha256,

  async pull(model, { signal, onProgress }) {
    // The code that downloads is only loaded for a model that is missing.
    const { createHttpClient, findSource, pullModel, readHubEnvironment } = await import("@nanoagent/hub");
    const environment = readHubEnvironment();
    const name = await findSource(model.source, environment);
    const device = await readPlanningDevice({});
    const pulled = await pullModel(name, {
      environment,
      client: createHttpClient(environment),
      facts: await planFactsFor(device),
      measurement: device.measurement,
      signal,
      onEvent: (event) => {
        if (event.type === "progress") onProgress(event.receivedBytes / Math.max(1, event.totalBytes ?? model.size));
      },
    });
    if (pulled === null || pulled.sha256 !== model.sha256) throw otherContent(model, pulled?.sha256 ?? null);
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

function otherContent({ name, source, sha256 }: BundleModel, found: string | null): FleetError {
  return new FleetError({
    code: "bundle-unsuitable",
    message: `The model ${name} of the bundle is not what ${source} leads to.`,
    reason: `Its SHA-256 has to be ${sha256}, but is ${found ?? "not known"}.`,
    hint: "Create the bundle again with the model that is there now, or import the right one with nanoagent models import.",
  });
}

function otherName({ name, source }: BundleModel): FleetError {
  return new FleetError({
    code: "bundle-unsuitable",
    message: `The model of ${source} has the right content, but not the name ${name}.`,
    reason: "The config of the bundle finds its model by this name.",
    hint: `Give it the name with nanoagent models import, or use hub:${source} in the config.`,
  });
}
