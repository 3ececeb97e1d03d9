import type { CallerTools, EngineTool } from "@nanoagent/runtime";
import { ServiceError } from "../errors/service-error.js";
import { checkToolSchema } from "./check-tool-schema.js";
import { type Fields, fieldOf, isFields, readList, readObject, readText, shown, wrongType } from "./request-fields.js";

/** Most tools of a request: OpenAI's own limit. */
const MAX_TOOLS = 128;
/** Longest name of a tool. OpenAI allows 64 characters; names of MCP servers are longer. */
const MAX_NAME_CHARACTERS = 128;

/** Where a tool's fields are: below `function` (chat completions), or beside the type (responses). */
export type ToolForm = "nested" | "flat";

/** Returns the client's tools and whether one must be called, or undefined if it offers none now. */
export function readTools(body: Fields, form: ToolForm): CallerTools | undefined {
  if (fieldOf(body, "functions") !== undefined) {
    throw ServiceError.invalid(
      "functions",
      "functions is an old form of tools that this service does not read.",
      'Send tools: [{"type": "function", "function": {…}}].',
    );
  }
  const given = readList(body, "tools") ?? [];
  if (given.length > MAX_TOOLS) {
    throw ServiceError.invalid("tools", `tools has ${given.length} entries. The limit is ${MAX_TOOLS}.`, "Send fewer.");
  }
  const tools = given.map((tool, index) => readTool(tool, form, `tools[${index}]`));
  const names = new Set<string>();
  for (const [index, { name }] of tools.entries()) {
    if (names.has(name)) {
      throw ServiceError.invalid(`tools[${index}]`, `Two tools have the name ${shown(name)}.`, "Rename one of them.");
    }
    names.add(name);
  }
  return chooseTools(tools, fieldOf(body, "tool_choice"), form);
}

function readTool(value: unknown, form: ToolForm, param: string): EngineTool {
  if (!isFields(value)) throw wrongType(param, "an object", value);
  const type = value.type ?? "function";
  if (type !== "function") {
    throw ServiceError.invalid(
      `${param}.type`,
      `${param}.type must be "function", not ${shown(type)}.`,
      "Describe the tool as a function. The agent's own tools need not be sent.",
    );
  }
  const at = form === "nested" ? `${param}.function` : param;
  const fields = form === "nested" ? value.function : value;
  if (!isFields(fields)) throw wrongType(at, "an object", fields);
  return {
    name: readName(fields.name, `${at}.name`),
    description: readText(fields, "description", `${at}.description`) ?? "",
    inputSchema: readParameters(readObject(fields, "parameters", `${at}.parameters`) ?? {}, `${at}.parameters`),
  };
}

function readName(name: unknown, param: string): string {
  const isValid =
    typeof name === "string" && name.length <= MAX_NAME_CHARACTERS && /^[^\s\p{Cc}\p{Cs}"'`\\]+$/u.test(name);
  if (isValid) return name;
  throw wrongType(
    param,
    `a name of 1 to ${MAX_NAME_CHARACTERS} characters without spaces`,
    name,
    "Use letters, digits, _ and -.",
  );
}

/**
 * Reads the schema of a tool's arguments, which are an object. For a tool without arguments, clients send empty
 * `properties`, or leave them and `type` out.
 */
function readParameters(parameters: Fields, param: string): object {
  const { type = "object", properties } = parameters;
  if (type !== "object") throw wrongType(`${param}.type`, '"object"', type, "Describe the arguments as an object.");
  checkToolSchema(parameters, param);
  const isEmpty =
    Object.keys(parameters).length === 0 || (isFields(properties) && Object.keys(properties).length === 0);
  return isEmpty ? { ...NO_ARGUMENTS, ...parameters } : { ...parameters, type };
}

const NO_ARGUMENTS = { type: "object", properties: {}, additionalProperties: false };

/** Applies `tool_choice`. A named tool is the only one that is offered. */
function chooseTools(tools: readonly EngineTool[], choice: unknown, form: ToolForm): CallerTools | undefined {
  if (choice === "none") return undefined;
  if (choice === undefined || choice === "auto") return tools.length > 0 ? { tools, choice: "auto" } : undefined;
  if (tools.length === 0) {
    throw ServiceError.invalid(
      "tool_choice",
      "tool_choice asks for a call, but the request has no tools.",
      "Send tools, or leave tool_choice out.",
    );
  }
  if (choice === "required") return { tools, choice: "required" };
  const name = nameIn(choice, form);
  if (name === undefined) {
    throw wrongType("tool_choice", '"auto", "none", "required" or the name of a function in an object', choice);
  }
  const named = tools.filter((tool) => tool.name === name);
  if (named.length > 0) return { tools: named, choice: "required" };
  throw ServiceError.invalid(
    "tool_choice",
    `tool_choice names ${shown(name)}, which is not in tools.`,
    "Add the tool, or choose one of those that are sent.",
  );
}

/** Returns the name in `{"type": "function", "function": {"name": …}}`, or in its flat form. */
function nameIn(choice: unknown, form: ToolForm): string | undefined {
  if (!isFields(choice) || choice.type !== "function") return undefined;
  const fields = form === "nested" ? choice.function : choice;
  return isFields(fields) && typeof fields.name === "string" ? fields.name : undefined;
}
