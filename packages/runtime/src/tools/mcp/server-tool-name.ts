/** Returns the agent's name of an MCP tool: the server's name, `_`, and the tool's name. */
export function serverToolName(server: string, tool: string): string {
  return `${server}_${tool.replace(/[^A-Za-z0-9_-]/g, "_")}`;
}

/** Whether a tool name belongs to one of the servers, even if the server has not listed its tools yet. */
export function mayBelongToServer(toolName: string, servers: readonly string[]): boolean {
  return servers.some((server) => toolName.startsWith(serverToolName(server, "")));
}
