/** The format in which a model writes tool calls: its name, and why it was chosen (as the end of a sentence). */
export interface CallFormFact {
  readonly name: string;
  readonly reason: string;
}

/**
 * Facts that an engine reports about itself. They travel as one object: the host process sends it once, and every
 * engine that wraps another passes it on whole. A new fact is a field here and a line in `engineFactNames`.
 */
export interface EngineFacts {
  /** Name for people and logs: `rules`, `llama`. */
  readonly name: string;
  /** Most tokens that a request and its reply may have together; null means no limit. */
  readonly contextTokens: number | null;
  /** Longest context that `growContext` can provide, in tokens. Absent: the context cannot grow now. */
  readonly longestContextTokens?: number | null | undefined;
  /** Longest context that the model was trained for, in tokens. Absent: not known. */
  readonly trainedTokens?: number | null | undefined;
  /** Sentences that the program using the engine should show or log. Absent: none. */
  readonly notices?: readonly string[] | undefined;
  /** Whether the engine calls tools. If false, requests contain no tools. Absent: true. */
  readonly callsTools?: boolean | undefined;
  /** Number of the model's parameters. Absent or null: not known. */
  readonly parameters?: number | null | undefined;
  /** Format of the tool calls that a local model writes. Absent: internal to the engine. */
  readonly callForm?: CallFormFact | null | undefined;
}

/** Names of all facts. */
export const engineFactNames = Object.keys({
  name: true,
  contextTokens: true,
  longestContextTokens: true,
  trainedTokens: true,
  notices: true,
  callsTools: true,
  parameters: true,
  callForm: true,
} satisfies Record<keyof Required<EngineFacts>, true>) as readonly (keyof EngineFacts)[];

/** Copies an engine's current facts into a plain object. */
export function factsOf(engine: EngineFacts): EngineFacts {
  return pick(engine, engineFactNames);
}

/** Like {@link factsOf}, but without `callForm`, which takes a while to determine. */
export function factsAtStart(engine: EngineFacts): EngineFacts {
  return pick(
    engine,
    engineFactNames.filter((name) => name !== "callForm"),
  );
}

function pick(engine: EngineFacts, names: typeof engineFactNames): EngineFacts {
  return Object.fromEntries(names.map((name) => [name, engine[name]])) as unknown as EngineFacts;
}

/** Adds a notice to an engine's facts. */
export function withNotice(facts: EngineFacts, notice: string): EngineFacts {
  return { ...facts, notices: [...(facts.notices ?? []), notice] };
}

/** Base class of engines that wrap another engine. The facts are one object, even through several wrappers. */
export abstract class EngineWithFacts implements EngineFacts {
  abstract readonly facts: EngineFacts;

  get name(): string {
    return this.facts.name;
  }

  get contextTokens(): number | null {
    return this.facts.contextTokens;
  }

  get longestContextTokens(): number | null {
    return this.facts.longestContextTokens ?? null;
  }

  get trainedTokens(): number | null {
    return this.facts.trainedTokens ?? null;
  }

  get notices(): readonly string[] {
    return this.facts.notices ?? [];
  }

  get callsTools(): boolean {
    return this.facts.callsTools ?? true;
  }

  get parameters(): number | null {
    return this.facts.parameters ?? null;
  }

  get callForm(): CallFormFact | null {
    return this.facts.callForm ?? null;
  }
}
