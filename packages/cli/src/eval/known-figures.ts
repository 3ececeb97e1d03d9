/** Purpose of a model, read from its name. */
export type ModelKind = "general" | "code";

/** Share of right results of a model in a named test. */
export interface KnownFigure {
  readonly model: string;
  readonly parameterCount: number;
  readonly kind: ModelKind;
  /** Sentences of 100 after which exactly the right thing happened. */
  readonly rightPercent: number;
  /** Messages of 100 that need no call and got one; null if not counted. */
  readonly needlessPercent: number | null;
  /** `measured` with this program; `published` for models that were simply given tools. */
  readonly basis: "measured" | "published";
  readonly source: string;
}

const BUILT_IN = "nanoagent eval, the built-in scenarios of sites that no weights were fitted to";
const ASSIST_MINI = "home-assistant-datasets, assist-mini, 196 runs";

/**
 * Reference figures for models by size. `measured` rows come from `pnpm bench:act` with the built-in scenarios,
 * `published` rows from a public table. Models whose name disagrees with the parameter count in the file are left out.
 */
export const knownFigures: readonly KnownFigure[] = [
  measured("SmolLM2-135M-Instruct", 135e6, "general", 63, 2),
  measured("Qwen2.5-Coder-0.5B-Instruct", 494e6, "code", 67, 0),
  measured("Qwen2.5-Coder-1.5B-Instruct", 1.54e9, "code", 69, 0),
  published("Qwen3-1.7B", 1.7e9, 60.2),
  published("Ministral-3-3B", 3e9, 81.6),
  published("Qwen3-4B-Instruct", 4e9, 86.7),
  published("Qwen3.5-4B", 4e9, 88.3),
  published("Gemma-4-12B", 12e9, 97.4),
];

function measured(
  model: string,
  parameterCount: number,
  kind: ModelKind,
  rightPercent: number,
  needlessPercent: number,
): KnownFigure {
  return { model, parameterCount, kind, rightPercent, needlessPercent, basis: "measured", source: BUILT_IN };
}

function published(model: string, parameterCount: number, rightPercent: number): KnownFigure {
  return {
    model,
    parameterCount,
    kind: "general",
    rightPercent,
    needlessPercent: null,
    basis: "published",
    source: ASSIST_MINI,
  };
}
