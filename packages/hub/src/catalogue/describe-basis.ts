import { ENOUGH_CONTEXT_TOKENS } from "@nanoagent/optimizer";
import type { CatalogueFile, CatalogueModel, ModelCatalogue } from "./model-catalogue.js";
import type { CatalogueFilePlan } from "./plan-catalogue-file.js";

const GRADES = {
  measured: "measured with this model on this device",
  calibrated: "calibrated with another model on this device",
  prior: "expected for this kind of device, not measured",
} as const;

/** Describes the basis of each figure of a recommendation. An unknown figure is described as unknown. */
export function describeBasis(
  catalogue: ModelCatalogue,
  model: CatalogueModel,
  file: CatalogueFile,
  { plan, basis }: CatalogueFilePlan,
): Record<string, string> {
  const unknown = "unknown: no source gives it";
  const from = (index: number | undefined) => (index === undefined ? null : catalogue.sources[index]);
  const fact = (name: string) => from(model.sources[name]) ?? unknown;
  const isLearned = file.bytes != null;
  return {
    download_bytes: isLearned
      ? "exact: the repository said it when a model was downloaded"
      : file.bytes_rounded === null
        ? basis === "shape"
          ? `computed from the shape, within a few percent: ${fact("shape")}`
          : unknown
        : `rounded to three digits: ${from(file.source)}`,
    memory_bytes: {
      shape: `computed from the shape${(file.bytes ?? file.bytes_rounded) === null ? "" : ", scaled to the download size"}: ${fact("shape")}`,
      size: `estimated from the download size alone, for a context of ${ENOUGH_CONTEXT_TOKENS} tokens: may be off by half`,
      none: unknown,
    }[basis],
    context_tokens:
      model.trained_context_tokens === null
        ? `at most ${ENOUGH_CONTEXT_TOKENS}: the trained context is unknown`
        : `trained context: ${fact("trained_context_tokens")}`,
    forecast: plan?.forecast == null ? "unknown: the shape is unknown" : GRADES[plan.forecast.grade],
    license: model.license === null ? unknown : fact("license"),
    good_for: model.good_for.length === 0 ? unknown : fact("good_for"),
  };
}
