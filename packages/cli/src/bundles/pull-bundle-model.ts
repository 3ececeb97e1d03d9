import { type BundleModel, FleetError } from "@nanoagent/fleet/bundles";
import { createHttpClient, findSource, type HubEnvironment, pullModel, readHubEnvironment } from "@nanoagent/hub";
import { NanoAgentError } from "@nanoagent/models";
import { planFactsFor } from "../optimize/plan-facts-for.js";
import { readPlanningDevice } from "../optimize/planning-device.js";

/** Codes of a source that is not a name by which a model can be downloaded. */
const NOT_A_SOURCE: ReadonlySet<string> = new Set(["invalid-model-name", "model-unknown"]);

/**
 * Downloads a model of a bundle into the store. Throws if it is not the model that the bundle means: before the download where
 * the source states size and hash. Then the store, and what the names in it lead to, are as before.
 */
export async function pullBundleModel(
  model: BundleModel,
  { signal, onProgress }: { signal: AbortSignal; onProgress: (share: number) => void },
): Promise<void> {
  const environment = readHubEnvironment();
  const name = await findModelSource(model, environment);
  const device = await readPlanningDevice({});
  await pullModel(name, {
    environment,
    client: createHttpClient(environment),
    facts: await planFactsFor(device),
    measurement: device.measurement,
    expected: { bytes: model.size, sha256: model.sha256, refuse: (found) => otherContents(model, found) },
    signal,
    onEvent: (event) => {
      if (event.type === "progress") onProgress(event.receivedBytes / Math.max(1, event.totalBytes ?? model.size));
    },
  });
}

async function findModelSource({ name, source, sha256 }: BundleModel, environment: HubEnvironment) {
  try {
    return await findSource(source, environment);
  } catch (error) {
    if (!NanoAgentError.isInstance(error) || !NOT_A_SOURCE.has(error.code)) throw error;
    throw new FleetError({
      code: "bundle-unsuitable",
      message: `The model ${name} of the bundle is not on this device, and cannot be downloaded.`,
      reason: `The bundle names "${source}" as its source, which is neither a repository nor an address. No file here has the SHA-256 ${sha256}.`,
      hint: "Bring the file to this device with nanoagent models import, then apply the bundle again.",
      cause: error,
    });
  }
}

function otherContents(
  { name, source, size, sha256 }: BundleModel,
  found: { bytes: number | null; sha256: string | null },
): FleetError {
  const isHash = found.sha256 !== null && found.sha256 !== sha256;
  const isSize = found.bytes !== null && found.bytes !== size;
  const differences = [
    ...(isHash ? [`Its SHA-256 has to be ${sha256}, but is ${found.sha256}.`] : []),
    ...(isSize ? [`Its size has to be ${size} bytes, but is ${found.bytes}.`] : []),
  ];
  return new FleetError({
    code: "bundle-unsuitable",
    message: `The model ${name} of the bundle is not what ${source} leads to.`,
    reason: differences.join(" ") || "The source has a model of several files, and the bundle names one file.",
    hint: "Create the bundle again with the model that is there now, or import the right one with nanoagent models import.",
  });
}
