import type { McpServerSettings } from "@nanoagent/models";
import { McpServerError } from "./mcp-server-error.js";

const namePattern = /^[A-Za-z][A-Za-z0-9_-]{0,31}$/;

/** Throws {@link McpServerError} for an invalid server name. The names of its tools begin with it. */
export function checkServerName(name: string): void {
  if (namePattern.test(name)) return;
  const reason = "its name must be a letter and at most 31 letters, digits, _ and -";
  throw new McpServerError("mcp-server-invalid", name, reason);
}

/** Throws {@link McpServerError} for invalid settings. Does not start or connect to anything. */
export async function checkMcpServer(name: string, settings: McpServerSettings): Promise<void> {
  checkServerName(name);
  const { channelOf } = await import("./open-channel.js");
  channelOf(name, settings, { milliseconds: 1 });
}
