import type { NanoAgentConfig } from "@nanoagent/models";
import { toolText } from "./context/context-budget.js";
import type { EngineTool, ToolCall } from "./engines/engine.js";
import type { ToolMemory } from "./memory/tool-memory.js";
import type { CallTool } from "./session/turn.js";
import type { McpServers } from "./tools/mcp/open-mcp-servers.js";
import { mayBelongToServer } from "./tools/mcp/server-tool-name.js";
import type { Tool } from "./tools/tool.js";
import { unknownTool } from "./tools/tool-outcome.js";
import type { ToolSet, ToolSetOptions } from "./tools/tool-set.js";
import type { ToolShortlist } from "./tools/tool-shortlist.js";

/** Most tools in one request. Small models choose well only among a few, and each tool takes context. */
const MAX_OFFERED_TOOLS = 12;
/** Most tools of all MCP servers together. No model chooses well among more, even from a shortlist. */
const MAX_SERVER_TOOLS = 500;

export interface ToolRegistryOptions extends Pick<ToolSetOptions, "onPermission" | "beforeAct"> {
  /** Tools that are always switched on: those of the app, and the one that reads skills. */
  always: readonly Tool[];
  /** Name of a tool that every request includes, because the instructions mention it. */
  pinned?: string | undefined;
  /** Memory limit of commands and servers. Required if the agent has either. */
  toolMemory: ToolMemory | undefined;
}

/**
 * All tools of an agent: those of the app, the commands of the config, and those of MCP servers. The engine is offered
 * the tools that are switched on; intents may call any tool.
 */
export class ToolRegistry {
  readonly #own: readonly Tool[];
  readonly #servers: McpServers | null;
  readonly #capabilities: ReadonlySet<string>;
  readonly #options: ToolRegistryOptions;
  readonly #Shortlist: typeof ToolShortlist;
  #contents: Contents;

  private constructor(
    own: readonly Tool[],
    servers: McpServers | null,
    capabilities: ReadonlySet<string>,
    options: ToolRegistryOptions,
    contents: Contents,
    Shortlist: typeof ToolShortlist,
  ) {
    this.#own = own;
    this.#servers = servers;
    this.#capabilities = capabilities;
    this.#options = options;
    this.#contents = contents;
    this.#Shortlist = Shortlist;
  }

  /**
   * Opens the config's commands and servers. Throws {@link InvalidToolError}, {@link McpServerError} for a server whose
   * settings cannot work, and {@link MissingPeerError}.
   */
  static async open(config: NanoAgentConfig, options: ToolRegistryOptions): Promise<ToolRegistry> {
    let registry: ToolRegistry | null = null;
    let hasChanged = false;
    const { toolMemory } = options;
    const onListed = () => {
      hasChanged = true;
      void registry?.refresh();
    };
    const servers = toolMemory === undefined ? null : await openServers(config.mcp_servers, onListed, toolMemory);
    try {
      const capabilities = new Set(config.spec.capabilities);
      const own = [
        ...options.always,
        ...(toolMemory === undefined ? [] : await openCommands(config.tools ?? [], toolMemory)),
      ];
      const contents = await gather(own, servers, capabilities, options);
      const { ToolShortlist } = await import("./tools/tool-shortlist.js");
      registry = new ToolRegistry(own, servers, capabilities, options, contents, ToolShortlist);
      // A server may have listed its tools in the meantime.
      if (hasChanged) await registry.refresh();
      return registry;
    } catch (error) {
      await servers?.close();
      await toolMemory?.close();
      throw error;
    }
  }

  /** All tools that are currently available, by name. */
  get tools(): readonly Tool[] {
    return this.#contents.tools.tools;
  }

  /** MCP servers of the config. */
  get servers(): readonly { readonly name: string }[] {
    return this.#servers?.servers ?? [];
  }

  get notices(): readonly string[] {
    const { toolMemory } = this.#options;
    return [...(this.#servers?.notices ?? []), ...(toolMemory?.notices ?? []), ...this.#contents.notices];
  }

  /** Whether the engine may call any tool. */
  get offersTools(): boolean {
    return this.#contents.offered.length > 0;
  }

  /** The largest set of tool texts that one request may contain. */
  get largestOffer(): readonly string[] {
    return largestOffer(this.#contents.offered);
  }

  /** Whether a tool with this name exists, or may exist once its server has listed its tools. */
  expects(name: string): boolean {
    const servers = this.servers.map((server) => server.name);
    return this.#contents.tools.has(name) || mayBelongToServer(name, servers);
  }

  /** Creates the shortlist of one conversation. It remembers the tools that were offered before. */
  newShortlist(): ToolShortlist {
    return new this.#Shortlist();
  }

  /** Returns the tools to offer for this message: all that the engine may call, or the most likely of many. */
  offer(message: string, shortlist: ToolShortlist): readonly EngineTool[] {
    const { offered } = this.#contents;
    const likely = offered.length <= MAX_OFFERED_TOOLS ? offered : this.#likeliest(message, shortlist);
    return likely.toSorted((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** Runs any tool, for an intent. */
  readonly call: CallTool = (call, options) => this.#contents.tools.call(call, options);

  /** Runs a tool for the engine, if it is switched on. */
  readonly callSwitchedOn: CallTool = async (call, options) =>
    this.#contents.switchedOn.has(call.name) ? this.#contents.tools.call(call, options) : unknownTool(call);

  /** Whether a call may run in parallel with others: its tool is read-only and needs no permission. */
  readonly runsBeside = ({ name }: ToolCall): boolean => {
    const tool = this.#contents.tools.get(name);
    return tool?.changesWorld === false && tool.permission === "always";
  };

  /** Returns the arguments that the tool would get, as plain data. */
  readonly argumentsFor = (call: ToolCall): unknown => this.#contents.tools.argumentsFor(call);

  /** Closes the servers' processes and connections. */
  async close(): Promise<void> {
    await this.#servers?.close();
    await this.#options.toolMemory?.close();
  }

  /**
   * Applies the servers' current tool lists. If that fails, the tools stay unchanged, and a notice gives the reason.
   */
  async refresh(): Promise<void> {
    try {
      this.#contents = await gather(this.#own, this.#servers, this.#capabilities, this.#options);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const notices = [...this.#contents.notices, `Cannot use the new tools of an MCP server: ${reason}`];
      this.#contents = { ...this.#contents, notices };
    }
  }

  #likeliest(message: string, shortlist: ToolShortlist): EngineTool[] {
    const { pinned, others } = this.#contents;
    return [...pinned, ...shortlist.choose(message, others, MAX_OFFERED_TOOLS - pinned.length)];
  }
}

/** Returns the largest tool texts, as many as one request may contain. */
export function largestOffer(tools: readonly Omit<EngineTool, "changesWorld">[]): string[] {
  const texts = tools.map(toolText).sort((one, other) => other.length - one.length);
  return texts.slice(0, MAX_OFFERED_TOOLS);
}

/** One state of the registry. When a server's tool list changes, a new one replaces it. */
interface Contents {
  tools: ToolSet;
  switchedOn: ReadonlySet<string>;
  offered: readonly EngineTool[];
  /** The offered tools: those that every request contains, and the others. */
  pinned: readonly EngineTool[];
  others: readonly EngineTool[];
  notices: readonly string[];
}

async function gather(
  own: readonly Tool[],
  servers: McpServers | null,
  capabilities: ReadonlySet<string>,
  { always, pinned: pinnedName, onPermission, beforeAct }: ToolRegistryOptions,
): Promise<Contents> {
  const { ToolSet } = await import("./tools/tool-set.js");
  const { found, notices } = toolsOfServers(servers, own);
  const tools = await ToolSet.open([...own, ...found], { onPermission, beforeAct });
  const ofServers = found.filter(({ server }) => server !== undefined && capabilities.has(server));
  const switchedOn = new Set([...[...always, ...ofServers].map(({ name }) => name), ...capabilities]);
  const offered = tools.tools
    .filter(({ name, permission }) => switchedOn.has(name) && permission !== "never")
    .map(({ name, description, inputSchema, changesWorld }) => ({ name, description, inputSchema, changesWorld }));
  const pinned = offered.filter(({ name }) => name === pinnedName);
  const others = offered.filter(({ name }) => name !== pinnedName);
  return { tools, switchedOn, offered, pinned, others, notices: [...notices, ...tools.notices] };
}

/** Returns the tools of all servers, without those whose names are taken and those above the limit. */
function toolsOfServers(servers: McpServers | null, own: readonly Tool[]): { found: Tool[]; notices: string[] } {
  const taken = new Set(own.map(({ name }) => name));
  const found: Tool[] = [];
  const notices: string[] = [];
  for (const tool of (servers?.servers ?? []).flatMap(({ tools }) => tools)) {
    if (taken.has(tool.name)) {
      notices.push(`Ignored the MCP server's tool "${tool.name}": another tool has the same name.`);
    } else if (found.length >= MAX_SERVER_TOOLS) {
      notices.push(`The MCP servers have more than ${MAX_SERVER_TOOLS} tools; the rest are ignored.`);
      break;
    } else {
      taken.add(tool.name);
      found.push(tool);
    }
  }
  return { found, notices };
}

/** Servers need Node; this module does not. */
async function openServers(
  settings: NanoAgentConfig["mcp_servers"],
  onListed: () => void,
  toolMemory: ToolMemory,
): Promise<McpServers | null> {
  if (settings === undefined) return null;
  const { openMcpServers } = await import("#node-parts");
  return openMcpServers(settings, onListed, toolMemory);
}

/** Commands need Node; this module does not. */
async function openCommands(commands: NonNullable<NanoAgentConfig["tools"]>, toolMemory: ToolMemory): Promise<Tool[]> {
  if (commands.length === 0) return [];
  const { openCommandTools } = await import("#node-parts");
  return openCommandTools(commands, toolMemory);
}
