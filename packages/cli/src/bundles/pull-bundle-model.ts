import { type BundleModel, FleetError } from "@nanoagent/fleet/bundles";
import { createHttpClient, findSource, pullModel, readHubEnvironment } from "@nanoagent/hub";
import { planFactsFor } from "../optimize/plan-facts-for.js";
import { readPlanningDevice } from "../optimize/planning-device.js";

/** Downloads a model of a bundle into the store. Throws if it is not the model that the bundle means. */
export async function pullBundleModel(
  model: BundleModel,
  { signal, onProgress }: { signal: AbortSignal; onProgress: (share: number) => void },
): Promise<void> {
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
}

function otherContent({ name, source, sha256 }: BundleModel, found: string | null): FleetError {
  return new FleetError({
    code: "bundle-unsuitable",
    message: `The model ${name} of the bundle is not what ${source} leads to.`,
    reason: `Its SHA-256 has to be ${sha256}, but is ${found ?? "not known"}.`,
    hint: "Create the bundle again with the model that is there now, or import the right one with nanoagent models import.",
  });
}
