import type { McpServerSettings, McpToolSettings } from "@nanoagent/models";
import { readSchema } from "../../json-schema/read-schema.js";
import { cutText } from "../../whole-text.js";
import { defineTool } from "../define-tool.js";
import type { Tool, ToolRunOptions, WillRun } from "../tool.js";
import { cleanText } from "../tool-result-text.js";
import { serverToolName } from "./server-tool-name.js";
import { simplifySchema } from "./simplify-schema.js";

/** A description stands in every prompt that offers the tool; more is cut off. */
const MAX_DESCRIPTION_CHARACTERS = 1000;
/** What is taken of one server. */
const MAX_TOOLS = 128;

/** A tool that a server offers, as it is used here. */
export interface McpToolDefinition {
  /** Name of the server that offers it. */
  readonly server: string;
  /** The server's name for it. */
  readonly name: string;
  /** The agent's: the server's name, `_`, and the tool's. */
  readonly fullName: string;
  readonly description: string;
  readonly inputSchema: object;
}

/** Reads the tools that a server lists; `issues` has a phrase for each tool that is left out. */
export function readDefinitions(
  server: string,
  listed: readonly unknown[],
  settings: McpServerSettings,
): { definitions: McpToolDefinition[]; issues: string[] } {
  const definitions = new Map<string, McpToolDefinition>();
  const issues: string[] = [];
  for (const raw of listed) {
    const name = (raw as { name?: unknown } | null)?.name;
    if (typeof name !== "string" || !isWanted(name, settings)) {
      if (typeof name !== "string") issues.push("a tool without a name");
      continue;
    }
    const brief = JSON.stringify(cleanText(name.slice(0, 100)));
    try {
      const definition = readDefinition(server, name, raw as Record<string, unknown>);
      if (definitions.has(definition.fullName)) throw new Error("there are two of this name");
      if (definitions.size >= MAX_TOOLS) {
        issues.push(`all but the first ${MAX_TOOLS} tools`);
        break;
      }
      definitions.set(definition.fullName, definition);
    } catch (error) {
      issues.push(`${brief} (${error instanceof Error ? error.message : String(error)})`);
    }
  }
  for (const name of wantedNames(settings)) {
    if (!listed.some((raw) => (raw as { name?: unknown } | null)?.name === name)) {
      issues.push(`${JSON.stringify(name)} (it offers none of this name)`);
    }
  }
  return { definitions: [...definitions.values()], issues };
}

function readDefinition(server: string, name: string, raw: Record<string, unknown>): McpToolDefinition {
  const fullName = serverToolName(server, name);
  if (name === "" || fullName.length > 64) throw new Error("its name is too long, or empty");
  const inputSchema = simplifySchema(raw.inputSchema ?? {});
  // Calls are checked by it: what cannot be read is found out now.
  readSchema(inputSchema);
  const said = typeof raw.description === "string" ? raw.description : typeof raw.title === "string" ? raw.title : "";
  const description = cleanText(said.slice(0, 2 * MAX_DESCRIPTION_CHARACTERS)).trim();
  return {
    server,
    name,
    fullName,
    description: cutText(description, MAX_DESCRIPTION_CHARACTERS) || `Runs ${name} of ${server}.`,
    inputSchema,
  };
}

export function mcpTool(
  { server, fullName, name, description, inputSchema }: McpToolDefinition,
  settings: McpServerSettings,
  timeoutMilliseconds: number,
  run: (input: Record<string, unknown>, options: ToolRunOptions) => unknown,
): Tool {
  const { permission, changes_world } = settingsOf(name, settings);
  const tool = defineTool<Record<string, unknown>>({
    name: fullName,
    description,
    input: inputSchema,
    // What a server says of itself is no reason to trust it.
    changesWorld: changes_world ?? true,
    permission: permission ?? settings.permission ?? "ask",
    timeoutMilliseconds,
    run,
  });
  const { url, command } = settings as { url?: string; command?: readonly string[] };
  const describeRun = (): WillRun => ({
    kind: "mcp",
    server,
    tool: name,
    ...(url !== undefined && { url }),
    ...(command !== undefined && { command }),
  });
  return { ...tool, server, describeRun };
}

function wantedNames({ tools }: McpServerSettings): string[] {
  return tools === undefined ? [] : Array.isArray(tools) ? tools : Object.keys(tools);
}

function isWanted(name: string, settings: McpServerSettings): boolean {
  return settings.tools === undefined || wantedNames(settings).includes(name);
}

function settingsOf(name: string, { tools }: McpServerSettings): McpToolSettings {
  return tools === undefined || Array.isArray(tools) || !Object.hasOwn(tools, name) ? {} : (tools[name] ?? {});
}
