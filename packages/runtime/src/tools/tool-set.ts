import type { ToolCall } from "../engines/engine.js";
import { onAbort } from "../session/on-abort.js";
import { InvalidToolError } from "./invalid-tool-error.js";
import type { Tool } from "./tool.js";
import { toolResultText } from "./tool-result-text.js";

/** What somebody is asked before a tool runs. */
export interface PermissionRequest {
  readonly tool: string;
  readonly description: string;
  /** Exactly what the tool would be called with. */
  readonly arguments: unknown;
  readonly changes_world: boolean;
}

/** What is on record before a tool changes the world: after a crash, that it may have. */
export interface IntentToAct {
  readonly call_id: string;
  readonly tool: string;
  readonly arguments: unknown;
  readonly idempotency_key: string;
}

export interface ToolSetOptions {
  /** Says whether a tool whose permission is `ask` may run now. Default: it may not. */
  onPermission?:
    | ((request: PermissionRequest, options: { signal: AbortSignal }) => boolean | Promise<boolean>)
    | undefined;
  /** Has written down what is about to be done when it resolves; when it rejects, nothing is done. Default: nothing. */
  beforeAct?: ((intent: IntentToAct) => Promise<void>) | undefined;
  /** The most of a result that is shown. Default: 8000. */
  maxResultCharacters?: number | undefined;
}

export interface ToolCallOptions {
  signal?: AbortSignal | undefined;
  /** Tells this act from every other one. */
  idempotencyKey: string;
}

export interface ToolOutcome {
  readonly outcome:
    | "done"
    | "unknown-tool"
    | "invalid-arguments"
    | "not-permitted"
    | "failed"
    | "timed-out"
    | "aborted";
  /** For the model: the result, or what went wrong. */
  readonly content: string;
  readonly isError: boolean;
  /** What the tool returned; undefined where it did not. */
  readonly value: unknown;
}

const DEFAULT_MAX_RESULT_CHARACTERS = 8000;
/** All texts and names in the arguments of a call together. */
const MAX_ARGUMENT_CHARACTERS = 256 * 1024;
const MAX_ARGUMENT_PARTS = 10_000;
const MAX_ARGUMENT_LEVELS = 100;
/** More are no set that a model could choose from, even with a shortlist. */
const MAX_TOOLS = 1000;

type CheckSchema = (input: unknown) => readonly { path: string; message: string }[];

/**
 * The tools of an agent, and how they are called: checked, permitted, limited. A call never throws; whatever happens is
 * an outcome that a model can be shown.
 */
export class ToolSet {
  /** By name. */
  readonly tools: readonly Tool[];
  readonly #byName: ReadonlyMap<string, { tool: Tool; checkSchema: CheckSchema }>;
  readonly #options: ToolSetOptions;
  /** Tools that nobody waits for any more and that have not stopped. */
  readonly #abandoned = new Set<string>();

  private constructor(byName: Map<string, { tool: Tool; checkSchema: CheckSchema }>, options: ToolSetOptions) {
    this.#byName = byName;
    this.tools = [...byName.values()].map(({ tool }) => tool);
    this.#options = options;
  }

  /** Throws {@link InvalidToolError} for a name that is there twice, and for a schema that calls cannot be checked by. */
  static async open(tools: readonly Tool[], options: ToolSetOptions = {}): Promise<ToolSet> {
    const [{ readSchema }, { checkValue }] = await Promise.all([
      import("../engines/llama/grammar/schema/read-schema.js"),
      import("../engines/llama/grammar/schema/check-value.js"),
    ]);
    if (tools.length > MAX_TOOLS)
      throw new InvalidToolError(tools[MAX_TOOLS]?.name ?? "", `there are more than ${MAX_TOOLS} tools`);
    const byName = new Map<string, { tool: Tool; checkSchema: CheckSchema }>();
    for (const tool of tools.toSorted((one, other) => (one.name < other.name ? -1 : 1))) {
      if (byName.has(tool.name))
        throw new InvalidToolError(tool.name, "there are two of this name", "Rename one of them.");
      try {
        const schema = readSchema(tool.inputSchema);
        byName.set(tool.name, { tool, checkSchema: (input) => checkValue(schema, input) });
      } catch (cause) {
        throw new InvalidToolError(tool.name, `its input cannot be checked: ${messageOf(cause)}`, undefined, cause);
      }
    }
    return new ToolSet(byName, options);
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** Runs a tool, if it is there, its arguments are right, and it may. */
  async call(call: ToolCall, { signal, idempotencyKey }: ToolCallOptions): Promise<ToolOutcome> {
    const known = this.#byName.get(call.name);
    if (known === undefined) return problem("unknown-tool", `There is no tool named ${inBrief(call.name)}.`);
    const { tool, checkSchema } = known;
    if (tool.permission === "never") return problem("not-permitted", `The tool ${tool.name} must not be used.`);
    if (signal?.aborted) return aborted();
    const checked = await checkArguments(tool, checkSchema, call.arguments);
    if ("problem" in checked) {
      return problem("invalid-arguments", `The arguments of ${tool.name} are not right: ${checked.problem}`);
    }
    const turn = new AbortController();
    const stopListening = onAbort(signal, () => turn.abort());
    try {
      const refusal = await this.#refusal(tool, call.id, checked.plain, idempotencyKey, turn.signal);
      return refusal ?? (await this.#run(tool, checked.value, idempotencyKey, turn));
    } finally {
      stopListening();
    }
  }

  /** Asks and writes down what must be; the outcome where that ends the call. */
  async #refusal(
    tool: Tool,
    call_id: string,
    input: unknown,
    idempotency_key: string,
    signal: AbortSignal,
  ): Promise<ToolOutcome | null> {
    const { onPermission, beforeAct } = this.#options;
    if (this.#abandoned.has(tool.name)) {
      return problem("failed", `The tool ${tool.name} is still busy with an earlier call.`);
    }
    try {
      if (tool.permission === "ask") {
        const { name, description, changesWorld } = tool;
        // Each gets a copy: what was allowed is what is done.
        const request = { tool: name, description, arguments: structuredClone(input), changes_world: changesWorld };
        const isAllowed = await firstOf(signal, async () => onPermission?.(request, { signal }));
        if (signal.aborted) return aborted();
        if (isAllowed !== true) return problem("not-permitted", `The tool ${name} was not allowed to run.`);
      }
      if (tool.changesWorld) {
        await beforeAct?.({ call_id, tool: tool.name, arguments: structuredClone(input), idempotency_key });
      }
    } catch (error) {
      return problem("failed", `The tool ${tool.name} was not run: ${this.#text(messageOf(error))}`);
    }
    return signal.aborted ? aborted() : null;
  }

  async #run(tool: Tool, input: unknown, idempotencyKey: string, turn: AbortController): Promise<ToolOutcome> {
    let isOver = false;
    const timer = setTimeout(() => {
      isOver = true;
      turn.abort();
    }, tool.timeoutMilliseconds);
    let isRunning = true;
    const running = (async () => tool.run(input as never, { signal: turn.signal, idempotencyKey }))().finally(() => {
      isRunning = false;
      this.#abandoned.delete(tool.name);
    });
    // It may fail long after nobody waits for it.
    running.catch(() => {});
    try {
      const value = await firstOf(turn.signal, () => running);
      if (!turn.signal.aborted) return { outcome: "done", content: this.#text(value), isError: false, value };
    } catch (error) {
      if (!turn.signal.aborted)
        return problem("failed", this.#text(`The tool ${tool.name} failed: ${messageOf(error)}`));
    } finally {
      clearTimeout(timer);
    }
    if (isRunning) this.#abandoned.add(tool.name);
    if (!isOver) return aborted();
    return problem("timed-out", `The tool ${tool.name} did not end within ${tool.timeoutMilliseconds / 1000} s.`);
  }

  #text(value: unknown): string {
    return toolResultText(value, this.#options.maxResultCharacters ?? DEFAULT_MAX_RESULT_CHARACTERS);
  }
}

/** What `start` resolves to, or undefined as soon as the signal aborts. */
function firstOf<Value>(signal: AbortSignal, start: () => Promise<Value>): Promise<Value | undefined> {
  return new Promise((resolve, reject) => {
    const stopListening = onAbort(signal, () => resolve(undefined));
    start().then(resolve, reject).finally(stopListening);
  });
}

async function checkArguments(
  tool: Tool,
  checkSchema: CheckSchema,
  given: unknown,
): Promise<{ value: unknown; plain: unknown } | { problem: string }> {
  const size = tooLarge(given);
  if (size !== null) return { problem: size };
  let input: unknown;
  try {
    // Engines give what they parsed, or the text; a copy of plain data is what the tool gets.
    input = JSON.parse(typeof given === "string" ? given : JSON.stringify(given ?? {}));
  } catch {
    return { problem: "they are not JSON." };
  }
  const issues = checkSchema(input);
  if (issues.length > 0) return { problem: issues.map(({ path, message }) => `${path || "/"} ${message}`).join("; ") };
  if (tool.check === undefined) return { value: input, plain: structuredClone(input) };
  try {
    const plain = structuredClone(input);
    const checked = await tool.check(input);
    if ("value" in checked) return { value: checked.value, plain };
    return { problem: toolResultText(checked.issues.map(({ message }) => message).join("; "), 1000) };
  } catch (error) {
    return { problem: toolResultText(messageOf(error), 1000) };
  }
}

/** What is too much about arguments; null when nothing is. Walks without recursion, and gives up early. */
function tooLarge(given: unknown): string | null {
  let characters = 0;
  let parts = 0;
  const open: [value: unknown, level: number][] = [[given, 0]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [value, level] = next;
    parts += 1;
    if (typeof value === "string") characters += value.length;
    if (parts > MAX_ARGUMENT_PARTS) return `they have more than ${MAX_ARGUMENT_PARTS} parts.`;
    if (characters > MAX_ARGUMENT_CHARACTERS) return `they have more than ${MAX_ARGUMENT_CHARACTERS} characters.`;
    if (typeof value !== "object" || value === null) continue;
    if (level >= MAX_ARGUMENT_LEVELS) return `they are nested deeper than ${MAX_ARGUMENT_LEVELS} levels.`;
    for (const key in value) {
      characters += key.length;
      if (open.length > MAX_ARGUMENT_PARTS) return `they have more than ${MAX_ARGUMENT_PARTS} parts.`;
      open.push([(value as Record<string, unknown>)[key], level + 1]);
    }
  }
  return null;
}

function problem(outcome: ToolOutcome["outcome"], content: string): ToolOutcome {
  return { outcome, content, isError: true, value: undefined };
}

function aborted(): ToolOutcome {
  return problem("aborted", "The turn was aborted.");
}

function inBrief(name: string): string {
  return JSON.stringify(toolResultText(name, 100));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
