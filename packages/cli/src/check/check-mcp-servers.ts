import type { McpServerSettings, NanoAgentConfig } from "@nanoagent/models";
import { checkMcpServer } from "@nanoagent/runtime/program";
import { checkProgram } from "./check-program.js";
import type { CheckedPart, CheckReport } from "./check-report.js";

/** Checks the settings of MCP servers, without starting or contacting any. */
export async function checkMcpServers(
  report: CheckReport,
  { mcp_servers = {} }: NanoAgentConfig,
  isHere: boolean,
): Promise<void> {
  const servers = Object.entries(mcp_servers);
  if (servers.length === 0) return;
  const part = report.part("MCP servers");
  part.summary = servers.map(([name, settings]) => `${name} (${kindOf(settings)})`).join(", ");
  for (const [name, settings] of servers) await checkServer(part, name, settings, isHere);
}

function kindOf(settings: McpServerSettings): string {
  return "url" in settings ? "not contacted" : "not started";
}

async function checkServer(
  part: CheckedPart,
  name: string,
  settings: McpServerSettings,
  isHere: boolean,
): Promise<void> {
  const path = ["mcp_servers", name];
  try {
    await checkMcpServer(name, settings);
  } catch (error) {
    part.reject(path, error);
    return;
  }
  if (isHere && "command" in settings) await checkProgram(part, path, `The MCP server "${name}"`, settings);
}
