import type { McpServerSettings } from "@nanoagent/models";
import { type LaunchTool, launchFreely } from "../../memory/tool-memory.js";
import type { Tool } from "../tool.js";
import { checkServerName } from "./check-mcp-server.js";
import { McpServer } from "./mcp-server.js";
import { McpServerError } from "./mcp-server-error.js";

/** More servers are a mistake: each is a process, and takes its share of every prompt. */
const MAX_SERVERS = 16;

/** The MCP servers of an agent. */
export interface McpServers {
  /** Each with its tools, which are there once it could be reached; each under the server's name, `_`, and its own. */
  readonly servers: readonly { readonly name: string; readonly tools: readonly Tool[] }[];
  /** What is wrong with them now, one sentence each. */
  readonly notices: readonly string[];
  /** Ends those that were started, and all connections. */
  close(): Promise<void>;
}

/**
 * Starts the servers of a config, all at once, and waits until each has listed its tools, has failed, or its time is
 * over. One that fails is in `notices`, and is tried again later; `onListed` is told when its tools are there.
 *
 * Throws {@link McpServerError} for settings that cannot work, {@link MissingPeerError} when the protocol's package is
 * not installed.
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
    throw new McpServerError("mcp-server-invalid", name, `there are more than ${MAX_SERVERS}`);
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
