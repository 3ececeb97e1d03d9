import type { ToolPermission } from "@nanoagent/models";
import { resolveJsonSchema } from "../json-schema/resolve-json-schema.js";
import { wholeData, wholeText } from "../whole-text.js";
import { InvalidToolError } from "./invalid-tool-error.js";
import { type CheckedInput, DEFAULT_TOOL_TIMEOUT_MILLISECONDS, type Tool, type ToolRunOptions } from "./tool.js";

/** A {@link https://standardschema.dev Standard Schema} that also provides a JSON Schema. */
export interface StandardInput<Output> {
  readonly "~standard": {
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
    readonly types?: { readonly output: Output } | undefined;
  };
}

type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string }[] };

export interface ToolDefinition<Input> {
  name: string;
  description: string;
  /** A Standard Schema that provides a JSON Schema, or a JSON Schema. Default: no arguments. */
  input?: StandardInput<Input> | object | undefined;
  run: (input: Input, options: ToolRunOptions) => unknown;
  /** Whether the tool does more than read. Default: true. */
  changesWorld?: boolean | undefined;
  /** Whether a second run with the same `idempotencyKey` does nothing more than the first. Default: false. */
  idempotent?: boolean | undefined;
  /** Default: `ask` for a tool that changes the world, otherwise `always`. */
  permission?: ToolPermission | undefined;
  /** Default: 30,000. */
  timeoutMilliseconds?: number | undefined;
}

const NO_ARGUMENTS = { type: "object", properties: {}, additionalProperties: false };
const namePattern = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
/** Most characters of a description, which is part of every prompt. */
const MAX_DESCRIPTION_CHARACTERS = 2000;
/** Longest delay that setTimeout accepts, in milliseconds. */
const MAX_TIMEOUT_MILLISECONDS = 2 ** 31 - 1;

/**
 * Creates a tool for an agent. Throws {@link InvalidToolError}, and `SchemaNotSupportedError` for an `input` that
 * is not a schema.
 */
export function defineTool<Input = Record<string, unknown>>(definition: ToolDefinition<Input>): Tool {
  const { name, description, run, changesWorld = true, permission = changesWorld ? "ask" : "always" } = definition;
  const { input = NO_ARGUMENTS, timeoutMilliseconds = DEFAULT_TOOL_TIMEOUT_MILLISECONDS } = definition;
  if (typeof name !== "string" || !namePattern.test(name)) {
    throw new InvalidToolError(String(name), "a name must be a letter and at most 63 letters, digits, _ and -");
  }
  if (typeof description !== "string" || description.trim() === "" || description.length > MAX_DESCRIPTION_CHARACTERS) {
    throw new InvalidToolError(name, `its description must have 1 to ${MAX_DESCRIPTION_CHARACTERS} characters`);
  }
  if (typeof run !== "function") throw new InvalidToolError(name, "run must be a function");
  if (!["always", "ask", "never"].includes(permission)) {
    throw new InvalidToolError(name, "its permission must be always, ask or never");
  }
  if (!(timeoutMilliseconds > 0 && timeoutMilliseconds <= MAX_TIMEOUT_MILLISECONDS)) {
    throw new InvalidToolError(name, `timeoutMilliseconds must be above 0 and at most ${MAX_TIMEOUT_MILLISECONDS}`);
  }
  const validate = (input as Partial<StandardInput<Input>>)["~standard"]?.validate;
  const tool: Tool = {
    name,
    description: wholeText(description),
    inputSchema: wholeData(resolveJsonSchema(input)),
    changesWorld,
    idempotent: definition.idempotent ?? false,
    permission,
    timeoutMilliseconds,
    run: run as Tool["run"],
  };
  if (validate === undefined) return Object.freeze(tool);
  const check = async (value: unknown): Promise<CheckedInput> => {
    const result = await validate(value);
    return result.issues === undefined ? { value: result.value } : { issues: result.issues };
  };
  return Object.freeze({ ...tool, check });
}
