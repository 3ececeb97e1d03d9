import path from "node:path";
import { BYTES_PER_MB, type CommandArgument, type CommandToolSettings } from "@nanoagent/models";
import { readExactJson } from "../../json/exact-json.js";
import { ExactNumber } from "../../json/exact-number.js";
import { type LaunchTool, launchFreely } from "../../memory/tool-memory.js";
import { ToolMemoryError } from "../../memory/tool-memory-error.js";
import { messageOf } from "../../message-of.js";
import { explainOutput, tellsOfMemory } from "../../processes/fatal-output.js";
import { findProgram } from "../../processes/launch-program.js";
import { programEnvironment } from "../../processes/program-environment.js";
import { defineTool } from "../define-tool.js";
import { InterruptedToolError } from "../interrupted-tool-error.js";
import { InvalidToolError } from "../invalid-tool-error.js";
import type { CheckedInput, Tool, WillRun } from "../tool.js";
import { type CommandResult, runCommand } from "./run-command.js";

const DEFAULT_TIMEOUT_SECONDS = 30;
const DEFAULT_MAX_OUTPUT_KB = 64;
const DEFAULT_MAX_LENGTH = 1000;
/** Longest command line in characters that systems accept. */
const MAX_COMMAND_CHARACTERS = 100_000;
/** Most characters of a failed command's stderr that are shown. Its end is kept, where the error is. */
const MAX_ERROR_CHARACTERS = 2000;
type Values = Readonly<Record<string, string | number | boolean | ExactNumber>>;
/** A part of an argument: literal text or the name of a value. */
type Piece = { text: string } | { value: string };

/**
 * Creates the tool for a command in a config. Each value is one argument of the command or part of one; no shell is
 * involved. Throws {@link InvalidToolError}.
 */
export function commandTool(settings: CommandToolSettings, folder: string): Tool {
  return launchedCommandTool(settings, folder, launchFreely);
}

/** Like {@link commandTool}, but starts the program through `launch`, which enforces a memory budget. */
export function launchedCommandTool(
  settings: CommandToolSettings,
  folder: string,
  launch: LaunchTool = launchFreely,
): Tool {
  const { name, arguments: declared = {} } = settings;
  const [program, ...templates] = settings.command;
  const line = templates.map((template) => parseTemplate(name, template, declared));
  checkDefinition(settings, program, line);
  const place = placeOf(settings, folder);
  const { timeout_seconds = DEFAULT_TIMEOUT_SECONDS, max_output_kb = DEFAULT_MAX_OUTPUT_KB, max_memory_mb } = settings;
  const commandOf = (input: Values) =>
    [program as string, ...commandLine(line, withDefaults(input, declared), declared)] as const;
  const tool = defineTool<Values>({
    name,
    description: settings.description,
    input: inputSchema(declared),
    changesWorld: settings.changes_world,
    idempotent: settings.idempotent,
    permission: settings.permission,
    timeoutMilliseconds: timeout_seconds * 1000,
    async run(input, { signal, idempotencyKey, trigger }) {
      const environment = {
        ...place.environment,
        NANOAGENT_IDEMPOTENCY_KEY: idempotencyKey,
        ...(trigger !== undefined && { NANOAGENT_TRIGGER: trigger }),
      };
      const result = await runCommand(
        commandOf(input),
        { ...place, environment },
        {
          maxOutputBytes: max_output_kb * 1024,
          maxMemoryBytes: max_memory_mb === undefined ? undefined : max_memory_mb * BYTES_PER_MB,
          signal,
          launch,
        },
      );
      return readResult(result);
    },
  });
  return Object.freeze({
    ...tool,
    takesExactNumbers: true,
    check: (input: unknown) => checkCommand(() => commandOf(input as Values), input),
    describeRun: (input: Values): WillRun => ({
      kind: "command",
      command: commandOf(input),
      working_directory: place.folder,
      environment: { ...settings.environment },
    }),
  });
}

type ProgramSettings = Pick<CommandToolSettings, "command" | "working_directory" | "environment">;

/** Finds the program file of a command tool or a server. Throws when it does not exist. */
export function findCommandProgram(settings: ProgramSettings, folder: string): Promise<string> {
  const place = placeOf(settings, folder);
  return findProgram(settings.command[0] ?? "", place);
}

function placeOf(settings: Omit<ProgramSettings, "command">, folder: string) {
  return {
    folder: path.resolve(folder, settings.working_directory ?? "."),
    environment: programEnvironment(settings.environment),
  };
}

function checkDefinition(settings: CommandToolSettings, program: string | undefined, line: Piece[][]): void {
  const { name, arguments: declared = {} } = settings;
  if (program === undefined || program === "" || program.startsWith("-") || /[{}\0]/.test(program)) {
    throw new InvalidToolError(name, "command must begin with a program, not with an argument");
  }
  for (const [key, value] of Object.entries(settings.environment ?? {})) {
    if (!/^[A-Za-z_]\w*$/.test(key) || value.includes("\0")) {
      throw new InvalidToolError(
        name,
        `environment.${key} is invalid: a name has letters, digits and _, and a value has no NUL`,
      );
    }
  }
  const used = new Set(line.flat().flatMap((piece) => ("value" in piece ? [piece.value] : [])));
  for (const [key, argument] of Object.entries(declared)) {
    const place = `arguments.${key}`;
    if (!used.has(key)) throw new InvalidToolError(name, `${place} is not used in command`, `Add {${key}} to command.`);
    if (argument.minimum !== undefined && argument.maximum !== undefined && argument.minimum > argument.maximum) {
      throw new InvalidToolError(name, `${place}.minimum is above maximum`);
    }
    const isText = argument.type === "string";
    const isOfType = (value: unknown) =>
      typeof value === (isText ? "string" : argument.type === "boolean" ? "boolean" : "number");
    for (const value of [...(argument.enum ?? []), ...(argument.default === undefined ? [] : [argument.default])]) {
      if (!isOfType(value))
        throw new InvalidToolError(name, `${place}: ${JSON.stringify(value)} is not of type ${argument.type}`);
    }
  }
}

/** `{name}` is a value, and `{{name}}` is the literal text `{name}`. Other braces are literal. */
function parseTemplate(tool: string, template: string, declared: Record<string, CommandArgument>): Piece[] {
  if (template.includes("\0")) throw new InvalidToolError(tool, "command has a NUL character");
  const pieces = template.split(/(\{\{[A-Za-z_][\w-]*\}\}|\{[A-Za-z_][\w-]*\})/).map((part, index): Piece => {
    // Every second part is a separator.
    if (index % 2 === 0 || part.startsWith("{{")) return { text: index % 2 === 0 ? part : part.slice(1, -1) };
    const value = part.slice(1, -1);
    if (Object.hasOwn(declared, value)) return { value };
    throw new InvalidToolError(
      tool,
      `command uses {${value}}, which is not in arguments`,
      `Add it to arguments, or write {{${value}}} for literal text.`,
    );
  });
  return pieces.filter((piece) => "value" in piece || piece.text !== "");
}

function inputSchema(declared: Record<string, CommandArgument>): object {
  const entries = Object.entries(declared).map(([name, argument]) => {
    const { type, description, minimum, maximum } = argument;
    const schema: Record<string, unknown> = { type };
    if (description !== undefined) schema.description = description;
    if (argument.enum !== undefined) schema.enum = argument.enum;
    else if (type === "string") schema.maxLength = argument.max_length ?? DEFAULT_MAX_LENGTH;
    if (minimum !== undefined) schema.minimum = minimum;
    if (maximum !== undefined) schema.maximum = maximum;
    return [name, schema] as const;
  });
  const required = Object.entries(declared)
    .filter(([, { optional, default: value }]) => optional !== true && value === undefined)
    .map(([name]) => name);
  return { type: "object", properties: Object.fromEntries(entries), required, additionalProperties: false };
}

function withDefaults(input: Values, declared: Record<string, CommandArgument>): Values {
  const defaults = Object.entries(declared).flatMap(([name, { default: value }]) =>
    value === undefined ? [] : [[name, value]],
  );
  return Object.fromEntries([...defaults, ...Object.entries(input)]);
}

/** Finds out whether a command line can be formed from the arguments. */
function checkCommand(form: () => unknown, input: unknown): CheckedInput {
  try {
    form();
    return { value: input };
  } catch (error) {
    return { issues: [{ message: messageOf(error) }] };
  }
}

/** Returns the arguments of the command. An argument is omitted where it needs an omitted value. */
function commandLine(line: readonly Piece[][], values: Values, declared: Record<string, CommandArgument>): string[] {
  const found: string[] = [];
  let optionsMayCome = true;
  for (const pieces of line) {
    if (pieces.some((piece) => "value" in piece && !Object.hasOwn(values, piece.value))) continue;
    const text = pieces.map((piece) => textOf(piece, values)).join("");
    const first = pieces.find((piece) => textOf(piece, values) !== "");
    if (optionsMayCome && first !== undefined && "value" in first) refuseOption(first.value, values, declared);
    if (text.includes("\0")) throw new Error("an argument has a NUL character");
    if (text === "--") optionsMayCome = false;
    found.push(text);
  }
  if (found.join().length > MAX_COMMAND_CHARACTERS) throw new Error("the arguments are too long");
  return found;
}

function textOf(piece: Piece, values: Values): string {
  if ("text" in piece) return piece.text;
  const value = values[piece.value];
  return typeof value === "number" ? inDigits(value) : String(value);
}

/** Writes a number in digits, where JavaScript would write 1e+21. */
function inDigits(value: number): string {
  const [, first = "", fraction = "", zeros = ""] = /^(-?\d)(?:\.(\d+))?e\+(\d+)$/.exec(String(value)) ?? [];
  return first === "" ? String(value) : first + fraction.padEnd(Number(zeros), "0");
}

/**
 * Rejects a value that begins with `-`, because the program would read it as an option. That includes negative numbers,
 * unless the config allows them.
 */
function refuseOption(name: string, values: Values, declared: Record<string, CommandArgument>): void {
  const value = values[name];
  const { enum: listed, minimum = 0 } = declared[name] as CommandArgument;
  if (!String(value).startsWith("-") || listed?.includes(value as string | number)) return;
  if ((typeof value === "number" || value instanceof ExactNumber) && minimum < 0) return;
  throw new Error(`${name} must not begin with "-"`);
}

/** Returns JSON where the command printed JSON, otherwise its text. Throws for a failed command. */
function readResult({ exitCode, endedBy, stdout, stderr, isCut, limit, ...memory }: CommandResult): unknown {
  if (memory.excess !== null) throw new ToolMemoryError(memory.excess);
  if (exitCode !== 0) {
    const output = (stderr.length > 0 ? stderr : stdout).toString("utf8");
    const said = explainOutput(output, { maxCharacters: MAX_ERROR_CHARACTERS, endedBy, limit });
    // A program that ends by itself says that it failed. One that is killed may have acted.
    const Failure = endedBy === null ? Error : InterruptedToolError;
    throw new Failure(
      `it ended ${endedBy === null ? `with code ${exitCode}` : `by ${endedBy}`}${said === "" ? "" : `: ${said}`}${
        tellsOfMemory(output) ? `; it may take ${memory.allowance}` : ""
      }`,
    );
  }
  if (stdout.includes(0)) return new Uint8Array(stdout);
  const text = stdout.toString("utf8").trim();
  if (isCut) return `${text}\n[… cut: it wrote more than is read …]`;
  if (text === "") return undefined;
  const json = /^\ufeff?[[{]/.test(text) ? readExactJson(text) : undefined;
  return json?.value ?? json?.text ?? text;
}
