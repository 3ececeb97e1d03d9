import type { LoopResult } from "./agent-loop.js";
import { NanoRuntimeError } from "./nano-runtime-error.js";

type ValidateJson = typeof import("./json-schema/validate-json.js").validateJson;

/** Schema that a reply must satisfy. Loaded only when a schema is requested. */
export class ReplySchema {
  readonly jsonSchema: object;
  readonly #validate: ValidateJson;

  private constructor(jsonSchema: object, validate: ValidateJson) {
    this.jsonSchema = jsonSchema;
    this.#validate = validate;
  }

  /** Accepts a JSON Schema, or a Standard Schema that carries one; throws `schema-not-supported` for anything else. */
  static async from(schema: object): Promise<ReplySchema> {
    const [{ resolveJsonSchema }, { validateJson }] = await Promise.all([
      import("./json-schema/resolve-json-schema.js"),
      import("./json-schema/validate-json.js"),
    ]);
    return new ReplySchema(resolveJsonSchema(schema), validateJson);
  }

  /** Throws `reply-not-valid` for a reply that is not JSON of this schema. Text before the caller's calls may be any. */
  check({ text, reason, calls }: LoopResult): void {
    if (calls !== undefined) return;
    if (reason === "repetition") throw notValid("It was stopped because it repeated itself.");
    if (reason !== "stop") throw notValid("It was cut off at the length limit.");
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      throw notValid("It is not JSON.", cause);
    }
    const result = this.#validate(this.jsonSchema, value);
    if (!result.valid)
      throw notValid(result.issues.map(({ path, message }) => `${path || "/"}: ${message}`).join("; "));
  }
}

function notValid(reason: string, cause?: unknown): NanoRuntimeError {
  return new NanoRuntimeError({
    code: "reply-not-valid",
    message: "The reply does not satisfy the requested schema.",
    reason,
    hint: "Ask again, allow a longer reply, or simplify the schema.",
    cause,
  });
}
