import type { ModelSummary } from "@nanoagent/models";
import { type KnownFigure, knownFigures, type ModelKind } from "./known-figures.js";

/** Largest ratio between the sizes of a measured model and of a model that it is compared with. */
const MAX_SIZE_RATIO = 2.5;
/** Distance for another kind of model: the same as for about 1.6 times the size. */
const OTHER_KIND = 0.5;
/** Share from which few sentences go wrong. */
const GOOD_PERCENT = 85;

type Sized = Pick<ModelSummary, "name" | "parameter_count">;

/** Describes how reliable models of this size and kind are, with the figure's source. Null for an unknown size. */
export function describeTrust({ name, parameter_count }: Sized, figures = knownFigures): string | null {
  if (parameter_count === null || parameter_count < 1) return null;
  const figure = nearestFigure(parameter_count, kindOf(name), figures);
  if (figure === null) {
    return `No figures for models of this size (${sizeOf(parameter_count)}). nanoagent eval --model FILE measures how often this one does the right thing.`;
  }
  const { rightPercent, needlessPercent, basis, source, model, parameterCount } = figure;
  const needless =
    needlessPercent === null ? "" : `, and called a tool after ${Math.round(needlessPercent)} of 100 that need none`;
  const advice =
    rightPercent < GOOD_PERCENT
      ? "Give it few tools, and use intents for everything important."
      : "Use intents for everything that must never go wrong.";
  return `Models of this size did the right thing after ${Math.round(rightPercent)} of 100 plain sentences${needless} (${model}, ${sizeOf(parameterCount)}; ${basis}: ${source}). ${advice}`;
}

/** Returns the figure of the nearest model by size and kind, or null if none is near. */
export function nearestFigure(
  parameterCount: number,
  kind: ModelKind,
  figures: readonly KnownFigure[] = knownFigures,
): KnownFigure | null {
  const near = figures
    .map((figure) => {
      const ratio = Math.abs(Math.log(figure.parameterCount / parameterCount));
      return { figure, ratio, distance: ratio + (figure.kind === kind ? 0 : OTHER_KIND) };
    })
    .filter(({ ratio }) => ratio <= Math.log(MAX_SIZE_RATIO));
  // At the same distance, figures measured with this program come first, then lower ones.
  near.sort(
    (one, other) =>
      one.distance - other.distance ||
      Number(other.figure.basis === "measured") - Number(one.figure.basis === "measured") ||
      one.figure.rightPercent - other.figure.rightPercent,
  );
  return near[0]?.figure ?? null;
}

function kindOf(name: string | null): ModelKind {
  return /\bcoder?\b|starcoder|codegemma|codellama|devstral/i.test(name?.replaceAll(/[_-]/g, " ") ?? "")
    ? "code"
    : "general";
}

/** Formats a number of parameters: `135M`, `1.7B`. */
function sizeOf(parameterCount: number): string {
  if (parameterCount < 999.5e6) return `${Math.max(1, Math.round(parameterCount / 1e6))}M`;
  return `${Number((parameterCount / 1e9).toFixed(parameterCount < 10e9 ? 1 : 0))}B`;
}
