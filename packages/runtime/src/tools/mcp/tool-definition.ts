import type { McpServerSettings, McpToolSettings } from "@nanoagent/models";
import { cutText } from "@nanoagent/models";
import { crc32 } from "../../files/crc32.js";
import { defineTool } from "../define-tool.js";
import { simplifySchema } from "../simplify-schema.js";
import type { Tool, ToolRunOptions, WillRun } from "../tool.js";
import { cleanText } from "../tool-result-text.js";
import { serverToolName } from "./server-tool-name.js";

/** Most characters of a description, which is part of every prompt that offers the tool. */
const MAX_DESCRIPTION_CHARACTERS = 1000;
/** Most tools of one server. */
const MAX_TOOLS = 128;

/** Longest name that the protocol allows. */
const MAX_SERVER_NAME_CHARACTERS = 128;
/** Longest name that engines accept. */
const MAX_NAME_CHARACTERS = 64;

/** A tool of a server, in the form used here. */
export interface McpToolDefinition {
  /** Name of the server. */
  readonly server: string;
  /** Name of the tool on the server. */
  readonly name: string;
  /** Name of the tool in the agent: the server's name, `_`, and the tool's name. */
  readonly fullName: string;
  readonly description: string;
  readonly inputSchema: object;
  /** Whether the server says that a repeated call does nothing more. */
  readonly idempotentHint: boolean;
}

/**
 * Reads the tools that a server lists. `issues` has a phrase for each skipped tool, `unchecked` the names of tools
 * without a schema for their arguments.
 */
export function readDefinitions(
  server: string,
  listed: readonly unknown[],
  settings: McpServerSettings,
): { definitions: McpToolDefinition[]; issues: string[]; unchecked: string[] } {
  const definitions = new Map<string, McpToolDefinition>();
  const issues: string[] = [];
  const unchecked: string[] = [];
  for (const raw of listed) {
    const name = (raw as { name?: unknown } | null)?.name;
    if (typeof name !== "string" || !isWanted(name, settings)) {
      if (typeof name !== "string") issues.push("a tool without a name");
      continue;
    }
    const brief = JSON.stringify(cleanText(cutText(name, 100)));
    try {
      if ([...definitions.values()].some((other) => other.name === name))
        throw new Error("another tool has the same name");
      const definition = readDefinition(server, name, raw as Record<string, unknown>, definitions);
      if (definitions.size >= MAX_TOOLS) {
        issues.push(`all but the first ${MAX_TOOLS} tools`);
        break;
      }
      definitions.set(definition.fullName, definition);
      if (schemaOf(raw as Record<string, unknown>) === null) unchecked.push(brief);
    } catch (error) {
      issues.push(`${brief} (${error instanceof Error ? error.message : String(error)})`);
    }
  }
  for (const name of wantedNames(settings)) {
    if (!listed.some((raw) => (raw as { name?: unknown } | null)?.name === name)) {
      issues.push(`${JSON.stringify(name)} (it has no tool of this name)`);
    }
  }
  return { definitions: [...definitions.values()], issues, unchecked };
}

/** Returns the schema of a tool's arguments under any of its usual keys, or null where it is missing or empty. */
function schemaOf({ inputSchema, input_schema, parameters }: Record<string, unknown>): unknown {
  const given = inputSchema ?? input_schema ?? parameters;
  return given === undefined || typeof given === "boolean" ? null : given;
}

function readDefinition(
  server: string,
  name: string,
  raw: Record<string, unknown>,
  taken: ReadonlyMap<string, unknown>,
): McpToolDefinition {
  if (name === "" || name.length > MAX_SERVER_NAME_CHARACTERS) throw new Error("its name is empty or too long");
  const plainName = serverToolName(server, name);
  // Two names may differ only in characters that engines do not accept, or after the longest accepted length.
  const isUsable = plainName.length <= MAX_NAME_CHARACTERS && !taken.has(plainName);
  const fullName = isUsable ? plainName : `${plainName.slice(0, MAX_NAME_CHARACTERS - 9)}_${checksum(name)}`;
  if (taken.has(fullName)) throw new Error("another tool has the same name");
  // The server itself checks whatever cannot be checked here.
  const { schema: inputSchema } = simplifySchema(schemaOf(raw) ?? {});
  const said = typeof raw.description === "string" ? raw.description : typeof raw.title === "string" ? raw.title : "";
  const description = cleanText(cutText(said, 2 * MAX_DESCRIPTION_CHARACTERS)).trim();
  return {
    server,
    name,
    fullName,
    description: cutText(description, MAX_DESCRIPTION_CHARACTERS) || `Runs ${name} of ${server}.`,
    inputSchema,
    idempotentHint: (raw.annotations as { idempotentHint?: unknown } | null | undefined)?.idempotentHint === true,
  };
}

function checksum(name: string): string {
  return crc32(new TextEncoder().encode(name)).toString(16).padStart(8, "0");
}

export function mcpTool(
  { server, fullName, name, description, inputSchema, idempotentHint }: McpToolDefinition,
  settings: McpServerSettings,
  timeoutMilliseconds: number,
  run: (input: Record<string, unknown>, options: ToolRunOptions) => unknown,
): Tool {
  const { permission, changes_world, idempotent } = settingsOf(name, settings);
  const tool = defineTool<Record<string, unknown>>({
    name: fullName,
    description,
    input: inputSchema,
    // The server's own claims are not a reason to trust it.
    changesWorld: changes_world ?? true,
    // This one is the server's own business: it says how the server treats the key.
    idempotent: idempotent ?? idempotentHint,
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
  return { ...tool, server, describeRun, takesExactNumbers: true };
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
