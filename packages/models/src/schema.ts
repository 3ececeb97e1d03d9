/**
 * Checks unknown data and fills in defaults. Every schema is a {@link https://standardschema.dev Standard Schema},
 * so it can be handed to any library that takes one.
 */
export interface Schema<Input, Output = Input> {
  /** The checked value with its defaults filled in. Throws {@link InvalidDataError}, with every issue found. */
  parse(value: unknown): Output;
  /** The same without throwing. */
  safeParse(value: unknown): { success: true; value: Output } | { success: false; issues: SchemaIssue[] };
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: "nanoagent";
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
    readonly validate: (value: unknown) => { readonly value: Output } | { readonly issues: readonly StandardIssue[] };
  };
}

/** One thing that is wrong, and where. */
export interface SchemaIssue {
  /** The keys and indices that lead to it; empty for the value as a whole. */
  path: (string | number)[];
  kind: "unknown-key" | "missing" | "invalid";
  /** What would have been right: `an integer of at least 1`. */
  expected: string;
  /** What was there: `"256" (a string)`; empty when nothing was. */
  found: string;
  /** The known key nearest to an unknown one, when one is near. */
  nearest: string | null;
  /** The three above in one sentence, without the place. */
  message: string;
}

interface StandardIssue {
  readonly message: string;
  readonly path: readonly PropertyKey[];
}
