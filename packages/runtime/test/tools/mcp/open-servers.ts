import { fileURLToPath } from "node:url";
import type { McpProgramSettings, McpServerSettings } from "@nanoagent/models";
import { openMcpServers } from "../../../src/tools/mcp/open-mcp-servers.js";
import type { ToolOutcome } from "../../../src/tools/tool-outcome.js";
import { ToolSet } from "../../../src/tools/tool-set.js";

const fileOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export function programOf(name: "greenhouse" | "hostile", ...rest: string[]): string[] {
  return [process.execPath, fileOf(`${name}-server.mjs`), ...rest];
}

export function hostile(
  fault: string,
  { file = "", ...settings }: Partial<McpProgramSettings> & { file?: string } = {},
): McpProgramSettings {
  return { command: programOf("hostile", fault, file), permission: "always", ...settings };
}

/** Opens the servers of a config. Returns a function to call their tools. */
export async function opened(settings: Record<string, McpServerSettings>, onListed = () => {}) {
  const servers = await openMcpServers(settings, onListed);
  const call = async (name: string, input: object = {}, signal?: AbortSignal): Promise<ToolOutcome> => {
    const tools = await ToolSet.open(
      servers.servers.flatMap(({ tools }) => tools),
      { onPermission: () => true },
    );
    return tools.call({ id: "1", name, arguments: input }, { idempotencyKey: "key-1", signal });
  };
  const names = () => servers.servers.flatMap(({ tools }) => tools.map(({ name }) => name));
  return { servers, call, names, notices: () => servers.notices, [Symbol.asyncDispose]: () => servers.close() };
}
