import { cutText, NanoAgentError } from "@nanoagent/models";

/**
 * An MCP server that cannot be used because of its settings or its behavior. `server` is its name.
 *
 * - `mcp-server-invalid`: invalid settings.
 * - `mcp-server-failed`: it could not be started or reached, ended, did not answer in time, or violated the protocol.
 */
export class McpServerError extends NanoAgentError {
  override name = "McpServerError";
  readonly server: string;

  constructor(
    code: "mcp-server-invalid" | "mcp-server-failed",
    server: string,
    reason: string,
    options: { hint?: string; cause?: unknown } = {},
  ) {
    const what = code === "mcp-server-invalid" ? "cannot be used" : "failed";
    super({ code, message: `The MCP server "${cutText(server, 100)}" ${what}: ${reason}.`, ...options });
    this.server = server;
  }

  override toJSON() {
    return { ...super.toJSON(), server: this.server };
  }
}
