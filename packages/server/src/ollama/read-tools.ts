import type { CallerTools, EngineTool } from "@nanoagent/runtime";
import { ServiceError } from "../errors/service-error.js";
import { type Fields, readField, readObject } from "./read-field.js";

/** Most tools of a request, as in OpenAI's API. */
const MAX_TOOLS = 128;
/** Longest name of a tool. Those of MCP servers can be long. */
const MAX_NAME_CHARACTERS = 128;

const NO_PARAMETERS = { type: "object", properties: {} };

/** Reads the tools that the client runs itself, or undefined if there are none. Throws {@link ServiceError}. */
export function readTools(body: Fields): CallerTools | undefined {
  const given = readField(body, "tools", "list") ?? [];
  if (given.length === 0) return undefined;
  if (given.length > MAX_TOOLS) {
    throw ServiceError.invalid(
      "tools",
      `"tools" has ${given.length} entries. The limit is ${MAX_TOOLS}.`,
      "Send fewer.",
    );
  }
  const tools = given.map((tool, index) => readTool(tool, `tools[${index}]`));
  const names = new Set<string>();
  for (const [index, { name }] of tools.entries()) {
    if (names.has(name)) {
      const place = `tools[${index}].function.name`;
      throw ServiceError.invalid(place, `"${place}" is the name of another tool, too.`, "Give each tool its own name.");
    }
    names.add(name);
  }
  return { tools };
}

function readTool(value: unknown, place: string): EngineTool {
  const tool = readObject(value, place);
  const given = readObject(tool.function, `${place}.function`);
  const name = readField(given, "name", "text", `${place}.function`) ?? "";
  if (!isName(name)) {
    const at = `${place}.function.name`;
    const message = `"${at}" must be a name of 1 to ${MAX_NAME_CHARACTERS} characters without spaces and quotes.`;
    throw ServiceError.invalid(at, message, "Use letters, digits, _ and -.");
  }
  const parameters = readField(given, "parameters", "object", `${place}.function`);
  const hasParameters = parameters !== undefined && Object.keys(parameters).length > 0;
  return {
    name,
    description: readField(given, "description", "text", `${place}.function`) ?? "",
    inputSchema: hasParameters ? parameters : NO_PARAMETERS,
  };
}

function isName(name: string): boolean {
  return name.length <= MAX_NAME_CHARACTERS && /^[^\s\p{Cc}\p{Cs}"'`\\]+$/u.test(name);
}
