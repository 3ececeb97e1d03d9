import type { McpServerSettings } from "@nanoagent/models";
import { type LaunchTool, launchFreely } from "../../memory/tool-memory.js";
import type { Tool } from "../tool.js";
import { checkServerName } from "./check-mcp-server.js";
import { McpServer } from "./mcp-server.js";
import { McpServerError } from "./mcp-server-error.js";

/** Most servers. Each is a process and takes a part of every prompt. */
const MAX_SERVERS = 16;

/** The MCP servers of an agent. */
export interface McpServers {
  /**
   * The servers with their tools, which are available once the server was reached. Tool names are the server's name,
   * `_`, and the tool's name.
   */
  readonly servers: readonly { readonly name: string; readonly tools: readonly Tool[] }[];
  /** Current issues of the servers, one sentence each. */
  readonly notices: readonly string[];
  /** Stops the started servers and closes all connections. */
  close(): Promise<void>;
}

/**
 * Starts the servers of a config in parallel, and waits until each has listed its tools, failed or timed out. A failed
 * server is in `notices` and is retried later; `onListed` is called when its tools are available.
 *
 * Throws {@link McpServerError} for invalid settings, and {@link MissingPeerError} when the protocol's package is not
 * installed.
 */
export async function openMcpServers(
  settings: Readonly<Record<string, McpServerSettings>>,
  onListed: () => void,
  launch: LaunchTool = launchFreely,
): Promise<McpServers> {
  const entries = Object.entries(settings);
  for (const [name] of entries) checkServerName(name);
  if (entries.length > MAX_SERVERS) {
    const [name = ""] = entries[MAX_SERVERS] ?? [];
    throw new McpServerError("mcp-server-invalid", name, `there are more than ${MAX_SERVERS} servers`);
  }
  let isOpen = false;
  const servers = entries.map(([name, server]) => new McpServer(name, server, launch, () => isOpen && onListed()));
  const close = async () => {
    await Promise.all(servers.map((server) => server.close()));
  };
  try {
    await Promise.all(servers.map((server) => server.open()));
  } catch (error) {
    await close();
    throw error;
  }
  isOpen = true;
  return {
    servers,
    get notices() {
      return servers.flatMap(({ notices }) => notices);
    },
    close,
  };
}
