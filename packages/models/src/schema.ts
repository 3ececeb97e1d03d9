/**
 * Checks unknown data and fills in defaults. Every schema is a {@link https://standardschema.dev Standard Schema},
 * so it works with any library that accepts one.
 */
export interface Schema<Input, Output = Input> {
  /** Returns the checked value with defaults filled in. Throws {@link InvalidDataError} with all issues. */
  parse(value: unknown): Output;
  /** Like `parse`, but returns the issues instead of throwing. */
  safeParse(value: unknown): { success: true; value: Output } | { success: false; issues: SchemaIssue[] };
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: "nanoagent";
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
    readonly validate: (value: unknown) => { readonly value: Output } | { readonly issues: readonly StandardIssue[] };
  };
}

/** Fault of a value, and its place. */
export interface SchemaIssue {
  /** Keys and indices that lead to the place; empty for the whole value. */
  path: (string | number)[];
  kind: "unknown-key" | "missing" | "invalid";
  /** Description of a valid value: `an integer of at least 1`. */
  expected: string;
  /** Description of the value: `"256" (a string)`; empty if it is missing. */
  found: string;
  /** Valid key or value that is closest to the given one; null if none is close. */
  nearest: string | null;
  /** One sentence with all of the above, without the place. */
  message: string;
}

interface StandardIssue {
  readonly message: string;
  readonly path: readonly PropertyKey[];
}
