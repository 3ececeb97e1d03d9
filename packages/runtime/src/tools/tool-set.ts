import { asSentence } from "@nanoagent/models";
import type { ToolCall } from "../engines/engine.js";
import { MAX_JSON_LEVELS, mapNumbers, quoteOddNumbers, readExactJson } from "../json/exact-json.js";
import { ExactNumber } from "../json/exact-number.js";
import { SchemaNotSupportedError } from "../json-schema/schema-not-supported-error.js";
import { messageOf } from "../message-of.js";
import { onAbort } from "../on-abort.js";
import { tooLarge } from "./argument-limits.js";
import { isInterruption } from "./interrupted-tool-error.js";
import { InvalidToolError } from "./invalid-tool-error.js";
import type { SimplifiedSchema } from "./simplify-schema.js";
import type { Tool, WillRun } from "./tool.js";
import { failedOutcome, type ToolOutcome, unknownTool } from "./tool-outcome.js";
import { MAX_RESULT_CHARACTERS, toolResultText } from "./tool-result-text.js";

/** The question before a tool runs. */
export interface PermissionRequest {
  readonly tool: string;
  readonly description: string;
  /** The exact arguments of the call as JSON, after conversion and with the defaults of the schema. */
  readonly arguments: unknown;
  readonly changes_world: boolean;
  /**
   * Everything that runs if the request is allowed. Texts are passed on unchanged: escape control characters when you
   * show them.
   */
  readonly will_run: WillRun;
}

/**
 * A call of a tool that changes the world, recorded before the tool runs. After a crash it may or may not have
 * happened.
 */
export interface ActStart {
  readonly call_id: string;
  readonly tool: string;
  readonly arguments: unknown;
  readonly idempotency_key: string;
}

export interface ToolSetOptions {
  /** Decides whether a tool with the permission `ask` may run now. Default: no. */
  onPermission?:
    | ((request: PermissionRequest, options: { signal: AbortSignal }) => boolean | Promise<boolean>)
    | undefined;
  /**
   * Records a call before it acts. The tool runs when the promise resolves, and not when it rejects. Default: nothing.
   */
  beforeAct?: ((act: ActStart) => Promise<void>) | undefined;
}

export interface ToolCallOptions {
  signal?: AbortSignal | undefined;
  /** Unique key of this act. */
  idempotencyKey: string;
  /** Name of the trigger that began this act. */
  trigger?: string | undefined;
  /** Like that of the set, and called before it. */
  beforeAct?: ToolSetOptions["beforeAct"];
  /** Decides instead of that of the set. */
  onPermission?: ToolSetOptions["onPermission"];
  /** Most characters of the result that are shown. Default: 8000. */
  maxResultCharacters?: number | undefined;
}

/** Most characters of an error message about a call. */
const MAX_ISSUE_CHARACTERS = 1000;
/** Most tools of a set. A model could not choose from more, even with a shortlist. */
const MAX_TOOLS = 1000;

/** A tool's schema: finds issues in arguments, and corrects slips with only one reading. */
interface InputCheck {
  issuesOf(input: unknown): readonly { path: string; message: string }[];
  convert(input: unknown): unknown;
}

interface KnownTool {
  tool: Tool;
  input: InputCheck;
}

/** Arguments for the tool, and the same as plain data to show and record. */
interface CheckedArguments {
  value: unknown;
  plain: unknown;
}

/**
 * The tools of an agent. Calls are checked, authorized and limited. A call never throws; every result is an outcome
 * that a model can read.
 */
export class ToolSet {
  /** Tools sorted by name. */
  readonly tools: readonly Tool[];
  /** Parts of the tools' schemas that are not enforced, one sentence per tool. */
  readonly notices: readonly string[];
  readonly #byName: ReadonlyMap<string, KnownTool>;
  readonly #options: ToolSetOptions;
  /** Tools that are still running although their call was abandoned. */
  readonly #abandoned = new Set<string>();

  private constructor(byName: Map<string, KnownTool>, notices: readonly string[], options: ToolSetOptions) {
    this.#byName = byName;
    this.tools = [...byName.values()].map(({ tool }) => tool);
    this.notices = notices;
    this.#options = options;
  }

  /** Throws {@link InvalidToolError} for a duplicate name, and for an invalid or too large schema. */
  static async open(tools: readonly Tool[], options: ToolSetOptions = {}): Promise<ToolSet> {
    const [{ readSchema }, { checkValue }, { convertSlips }, { simplifySchema }] = await Promise.all([
      import("../json-schema/read-schema.js"),
      import("../json-schema/check-value.js"),
      import("../json-schema/convert-slips.js"),
      import("./simplify-schema.js"),
    ]);
    if (tools.length > MAX_TOOLS)
      throw new InvalidToolError(tools[MAX_TOOLS]?.name ?? "", `there are more than ${MAX_TOOLS} tools`);
    const byName = new Map<string, KnownTool>();
    const notices: string[] = [];
    /** Returns the unchanged schema where all of it can be read, but still reports unknown keywords. */
    const readInput = (schema: object): SimplifiedSchema => {
      let isRead = false;
      try {
        readSchema(schema);
        isRead = true;
        return { ...simplifySchema(schema, { ofProgram: true }), schema };
      } catch (error) {
        if (isRead) return { schema, unenforced: [] };
        if (!SchemaNotSupportedError.isInstance(error)) throw error;
        return simplifySchema(schema, { ofProgram: true });
      }
    };
    for (const tool of tools.toSorted((one, other) => (one.name < other.name ? -1 : 1))) {
      if (byName.has(tool.name))
        throw new InvalidToolError(tool.name, "another tool has the same name", "Rename one of them.");
      try {
        const { schema, unenforced } = readInput(tool.inputSchema);
        const node = readSchema(schema);
        const issuesOf = (input: unknown) => checkValue(node, input);
        const convert = (input: unknown) => convertSlips(node, input);
        const known = schema === tool.inputSchema ? tool : { ...tool, inputSchema: schema };
        byName.set(tool.name, { tool: known, input: { issuesOf, convert } });
        // A separate check, such as that of a Standard Schema, enforces them.
        if (unenforced.length > 0 && tool.check === undefined) notices.push(notEnforced(tool.name, unenforced));
      } catch (cause) {
        throw new InvalidToolError(tool.name, `its input cannot be checked: ${messageOf(cause)}`, undefined, cause);
      }
    }
    return new ToolSet(byName, notices, options);
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  get(name: string): Tool | undefined {
    return this.#byName.get(name)?.tool;
  }

  /** Returns the arguments that a call's tool would get, as plain data. Unreadable arguments are returned unchanged. */
  argumentsFor(call: ToolCall): unknown {
    const read = readArguments(call.arguments);
    if ("issue" in read) return call.arguments;
    const converted = this.#byName.get(call.name)?.input.convert(read.input) ?? read.input;
    return mapNumbers(converted, plainNumber);
  }

  /** Runs a tool if it exists, its arguments are valid and it is allowed. */
  async call(call: ToolCall, options: ToolCallOptions): Promise<ToolOutcome> {
    const known = this.#byName.get(call.name);
    if (known === undefined) return unknownTool(call);
    const { tool } = known;
    if (tool.permission === "never") return failedOutcome("not-permitted", `The tool ${tool.name} must not be used.`);
    if (options.signal?.aborted) return notRun(tool);
    const turn = new AbortController();
    const stopListening = onAbort(options.signal, () => turn.abort());
    try {
      const checked = await firstOf(turn.signal, () => checkArguments(known, call.arguments));
      if (checked === undefined) return notRun(tool);
      if ("issue" in checked) {
        return failedOutcome("invalid-arguments", `The arguments of ${tool.name} are not right: ${checked.issue}`);
      }
      const refusal = await this.#refusal(tool, call.id, checked, { ...options, signal: turn.signal });
      return refusal ?? (await this.#run(tool, checked.value, options, turn));
    } catch (error) {
      // An exception while arguments or results are read ends the call, not the turn.
      const said = toolResultText(`The tool ${tool.name} failed: ${messageOf(error)}`, MAX_ISSUE_CHARACTERS);
      return failedOutcome("failed", said);
    } finally {
      stopListening();
    }
  }

  /** Asks for permission and records the act. Returns an outcome where that ends the call. */
  async #refusal(
    tool: Tool,
    call_id: string,
    { value, plain }: CheckedArguments,
    { signal, idempotencyKey: idempotency_key, beforeAct, ...own }: ToolCallOptions & { signal: AbortSignal },
  ): Promise<ToolOutcome | null> {
    const onPermission = own.onPermission ?? this.#options.onPermission;
    if (this.#abandoned.has(tool.name)) {
      return failedOutcome("failed", `The tool ${tool.name} is still busy with an earlier call.`);
    }
    try {
      if (tool.permission === "ask") {
        const { name, description, changesWorld } = tool;
        // Each callback gets a copy, so that the call that was allowed is the call that runs.
        const will_run = structuredClone(tool.describeRun?.(value as never) ?? { kind: "function" as const });
        const request = {
          tool: name,
          description,
          arguments: structuredClone(plain),
          changes_world: changesWorld,
          will_run,
        };
        const isAllowed = await firstOf(signal, async () => onPermission?.(request, { signal }));
        if (signal.aborted) return notRun(tool);
        if (isAllowed !== true) return failedOutcome("not-permitted", `The tool ${name} was not allowed to run.`);
      }
      if (tool.changesWorld) {
        const act = () => ({ call_id, tool: tool.name, arguments: structuredClone(plain), idempotency_key });
        await beforeAct?.(act());
        // The app's callback may never return. An abort ends the wait, and then the tool does not run.
        await firstOf(signal, async () => this.#options.beforeAct?.(act()));
      }
    } catch (error) {
      return failedOutcome(
        "failed",
        toolResultText(`The tool ${tool.name} was not run: ${messageOf(error)}`, MAX_ISSUE_CHARACTERS),
      );
    }
    return signal.aborted ? notRun(tool) : null;
  }

  async #run(
    tool: Tool,
    input: unknown,
    { idempotencyKey, trigger, maxResultCharacters = MAX_RESULT_CHARACTERS }: ToolCallOptions,
    turn: AbortController,
  ): Promise<ToolOutcome> {
    let isOver = false;
    const timer = setTimeout(() => {
      isOver = true;
      turn.abort();
    }, tool.timeoutMilliseconds);
    let isRunning = true;
    const options = { signal: turn.signal, idempotencyKey, trigger, maxResultCharacters };
    const running = (async () => tool.run(input as never, options))().finally(() => {
      isRunning = false;
      this.#abandoned.delete(tool.name);
    });
    // It may still fail long after the call was abandoned.
    running.catch(() => {});
    const doubt = tool.changesWorld ? " It may have acted all the same; look before you repeat it." : "";
    try {
      const value = await firstOf(turn.signal, () => running);
      if (!turn.signal.aborted) {
        return { outcome: "done", content: toolResultText(value, maxResultCharacters), isError: false, value };
      }
    } catch (error) {
      if (!turn.signal.aborted) {
        const text = `The tool ${tool.name} failed: ${messageOf(error)}`;
        if (!isInterruption(error)) return failedOutcome("failed", toolResultText(text, maxResultCharacters));
        const said = toolResultText(text, maxResultCharacters - doubt.length);
        return failedOutcome("interrupted", `${asSentence(said)}${doubt}`);
      }
    } finally {
      clearTimeout(timer);
    }
    if (isRunning) this.#abandoned.add(tool.name);
    if (!isOver) return failedOutcome("aborted", `The turn was aborted while the tool ${tool.name} ran.${doubt}`);
    const seconds = tool.timeoutMilliseconds / 1000;
    return failedOutcome("timed-out", `The tool ${tool.name} did not end within ${seconds} s.${doubt}`);
  }
}

/** Resolves like `start`, or to undefined as soon as the signal aborts. */
function firstOf<Value>(signal: AbortSignal, start: () => Promise<Value>): Promise<Value | undefined> {
  return new Promise((resolve, reject) => {
    const stopListening = onAbort(signal, () => resolve(undefined));
    start().then(resolve, reject).finally(stopListening);
  });
}

/** Engines pass parsed arguments or their text. Tools get a copy as plain data. */
function readArguments(given: unknown): { input: unknown } | { issue: string } {
  const size = tooLarge(given);
  if (size !== null) return { issue: size };
  let text: string;
  try {
    text = typeof given === "string" ? given : JSON.stringify(given ?? {});
  } catch {
    return { issue: "they are not JSON." };
  }
  const read = readExactJson(text) ?? readExactJson(quoteOddNumbers(text));
  if (read === undefined) return { issue: "they are not JSON." };
  if (read.value === undefined) return { issue: `they are nested deeper than ${MAX_JSON_LEVELS} levels.` };
  const parsedSize = tooLarge(read.value);
  return parsedSize === null ? { input: read.value } : { issue: parsedSize };
}

async function checkArguments(
  { tool, input }: KnownTool,
  given: unknown,
): Promise<CheckedArguments | { issue: string }> {
  const read = readArguments(given);
  if ("issue" in read) return read;
  const converted = mapNumbers(input.convert(read.input), (number) => number.simplest);
  const issues = [...input.issuesOf(converted)];
  const value = tool.takesExactNumbers ? converted : withoutExactNumbers(converted, "", issues);
  if (issues.length > 0) {
    const texts = issues.map(({ path, message }) => `${path || "/"} ${message}`);
    return { issue: toolResultText(texts.join("; "), MAX_ISSUE_CHARACTERS) };
  }
  const plain = mapNumbers(converted, plainNumber);
  if (tool.check === undefined) return { value, plain };
  try {
    const checked = await tool.check(value);
    if ("value" in checked) {
      // Unchanged arguments may have exact numbers, which JSON cannot express.
      return { value: checked.value, plain: checked.value === value ? plain : (jsonOf(checked.value) ?? plain) };
    }
    return { issue: toolResultText(checked.issues.map(({ message }) => message).join("; "), MAX_ISSUE_CHARACTERS) };
  } catch (error) {
    return { issue: toolResultText(messageOf(error), MAX_ISSUE_CHARACTERS) };
  }
}

/** Returns a number that JSON can express, or its text where JavaScript would change it. */
function plainNumber({ simplest }: ExactNumber): number | string {
  return typeof simplest === "number" ? simplest : simplest.text;
}

/** Replaces numbers by the nearest JavaScript numbers. Adds an issue for each integer that would change. */
function withoutExactNumbers(value: unknown, path: string, issues: { path: string; message: string }[]): unknown {
  if (value instanceof ExactNumber) {
    const nearest = Number(value.text);
    if (Number.isFinite(nearest) && !value.isInteger) return nearest;
    issues.push({
      path,
      message: "must be a number that this tool can hold exactly: at most 9007199254740991, or a text",
    });
    return nearest;
  }
  if (typeof value !== "object" || value === null) return value;
  const inner = (name: string | number, item: unknown) => withoutExactNumbers(item, `${path}/${name}`, issues);
  if (Array.isArray(value)) return value.map((item, index) => inner(index, item));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, inner(name, item)]));
}

/** Returns the result of a check as JSON data, or undefined where it is not JSON. */
function jsonOf(value: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(value));
  } catch {
    return undefined;
  }
}

/** Most keywords that a notice names. */
const MAX_NAMED_KEYWORDS = 5;

function notEnforced(tool: string, keywords: readonly string[]): string {
  const more = keywords.length > MAX_NAMED_KEYWORDS ? ` and ${keywords.length - MAX_NAMED_KEYWORDS} more` : "";
  const named = keywords.slice(0, MAX_NAMED_KEYWORDS).join(", ");
  return toolResultText(
    `Not enforced in the arguments of the tool "${tool}": ${named}${more}. Check them in the tool.`,
    MAX_ISSUE_CHARACTERS,
  );
}

function notRun({ name }: Tool): ToolOutcome {
  return failedOutcome("aborted", `The turn was aborted before the tool ${name} ran.`);
}
