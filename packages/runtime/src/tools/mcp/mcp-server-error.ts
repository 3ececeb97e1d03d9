import { cutText, NanoAgentError } from "@nanoagent/models";

/**
 * What a server of the Model Context Protocol did, or how it is set up, keeps it from being used. `server` is its name.
 *
 * - `mcp-server-invalid`: its settings cannot work.
 * - `mcp-server-failed`: it could not be started or reached, ended, did not answer in time, or broke the protocol.
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
