import { chooseModel } from "./choose-model.js";
import type { ListedModel } from "./list-models.js";
import type { NanoagentModel } from "./nanoagent-model.js";

type NanoagentEntry = ListedModel & { nanoagent: NanoagentModel };

/**
 * Returns the configured entry of a nanoagent service, or else the model alone if the service gives it, or else the
 * agent. Returns null for another server. Throws `remote-model-unknown` for a name that is not listed.
 */
export function chooseNanoagentModel(
  models: readonly ListedModel[],
  wished: string | undefined,
  label: string,
): NanoagentEntry | null {
  const served = models.filter((model): model is NanoagentEntry => model.nanoagent !== null);
  const usual = served.find(({ nanoagent }) => nanoagent.target === "model") ?? served[0];
  if (usual === undefined || wished === undefined) return usual ?? null;
  const named = served.map((model) => ({ ...model, aliases: [`${model.id}:latest`] }));
  return chooseModel(named, wished, { label, hintWhenEmpty: "" });
}
