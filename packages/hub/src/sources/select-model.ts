import { HubError } from "../hub-error.js";
import { normalizeQuantization } from "../names/quantization-label.js";

/**
 * Returns the first model with a label, in any case. The prefix `UD-` may be left out where that is not ambiguous.
 * `name` is the repository as commands accept it, for the hint.
 *
 * Throws a `HubError` with code `quantization-not-found`, whose hint lists the labels that there are.
 */
export function selectModel<Model extends { quantization: string | null }>(
  models: readonly Model[],
  quantization: string,
  name: string,
): Model {
  const wanted = normalizeQuantization(quantization);
  const labels = [...new Set(models.flatMap((model) => model.quantization ?? []))];
  const label = labels.includes(wanted) ? wanted : labels.find((one) => one === `UD-${wanted}`);
  const model = label === undefined ? undefined : models.find((one) => one.quantization === label);
  if (model !== undefined) return model;
  throw new HubError({
    code: "quantization-not-found",
    message: `${name} has no file of the quantization ${JSON.stringify(wanted)}.`,
    reason: labels.length === 0 ? "The names of its GGUF files contain no quantization." : undefined,
    hint:
      labels.length === 0
        ? `Run nanoagent models pull ${name}.`
        : `Choose one of ${labels.join(", ")}, as in: nanoagent models pull ${name}:${labels[0]}`,
  });
}
