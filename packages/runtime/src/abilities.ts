import type { NanoAgentConfig } from "@nanoagent/models";
import type { AgentEvent } from "./agent-event.js";
import { type LoopResult, unknownTool } from "./agent-loop.js";
import type { EngineTool } from "./engines/engine.js";
import type { CallTool, Turn } from "./session/turn.js";
import type { OpenSkills } from "./skills/open-skills.js";
import { describeUnresolved, resolveCapabilities } from "./skills/resolve-capabilities.js";
import type { McpServers } from "./tools/mcp/open-mcp-servers.js";
import type { Tool } from "./tools/tool.js";
import type { ToolSetOptions } from "./tools/tool-set.js";

/** Small models choose well among a few tools, and each costs room in the context. */
const MAX_OFFERED_TOOLS = 8;
/** All servers together; no model chooses well among more, not even from a shortlist. */
const MAX_SERVER_TOOLS = 500;

/** Tools that a program brings, and who is asked before one runs. */
export interface AbilityParts extends Pick<ToolSetOptions, "onPermission" | "beforeAct"> {
  tools?: readonly Tool[] | undefined;
}

/** What an agent can do beside talking. */
export interface Abilities {
  /** How a message is answered that is a sentence which was foreseen; null for any other message. */
  answer(message: string): ((turn: Turn, signal: AbortSignal) => AsyncGenerator<AgentEvent, LoopResult>) | null;
  /** The tools that the engine is told of for this message, by name: all that it may call, or the likeliest of many. */
  offer(message: string): readonly EngineTool[];
  /** Runs a tool that the engine calls: one of the program's, or one of the config's that a capability switches on. */
  readonly callTool: CallTool;
  /** What the engine is told beside the config's own instructions; null for nothing. */
  readonly instructions: string | null;
  /** What the config names and is not to be had now, one sentence each. */
  readonly notices: readonly string[];
  /** Ends what runs for it. */
  close(): Promise<void>;
}

/**
 * What the config and the program give an agent; null when they give nothing, and then nothing is loaded for it. Throws
 * {@link InvalidIntentsError}, {@link InvalidToolError}, {@link InvalidSkillError}, {@link McpServerError} for a server
 * that is set up so that it cannot work, and {@link MissingPeerError}.
 */
export async function openAbilities(config: NanoAgentConfig, parts: AbilityParts): Promise<Abilities | null> {
  const { intents, tools: commands = [], skills_dir, mcp_servers } = config;
  const { tools: given = [] } = parts;
  const brings = [intents, skills_dir, mcp_servers].some((part) => part !== undefined);
  if (!brings && commands.length === 0 && given.length === 0) {
    const known = resolveCapabilities(config.spec.capabilities, { skills: [], tools: [] });
    if (describeUnresolved(known).length === 0) return null;
  }
  let arrange = () => {};
  const servers = mcp_servers === undefined ? null : await openServers(mcp_servers, () => arrange());
  try {
    return await assemble(config, parts, servers, (whenListed) => {
      arrange = whenListed;
    });
  } catch (error) {
    await servers?.close();
    throw error;
  }
}

async function assemble(
  config: NanoAgentConfig,
  parts: AbilityParts,
  servers: McpServers | null,
  onListed: (arrange: () => void) => void,
): Promise<Abilities> {
  const { intents, tools: commands = [], skills_dir } = config;
  const { tools: given = [], onPermission, beforeAct } = parts;
  const capabilities = new Set(config.spec.capabilities);
  const [{ ToolSet }, { ToolShortlist }, { IntentMatcher }, { InvalidIntentsError }, { runIntent }] = await Promise.all(
    [
      import("./tools/tool-set.js"),
      import("./tools/tool-shortlist.js"),
      import("./intents/intent-matcher.js"),
      import("./intents/invalid-intents-error.js"),
      import("./intents/run-intent.js"),
    ],
  );
  const skills = skills_dir === undefined ? noSkills : await readSkillsOf(skills_dir, capabilities);
  const always = [...given, ...(skills.open === null ? [] : [skills.open.tool])];
  const own = [...always, ...(await openCommands(commands))];
  const gather = async () => {
    const { found, notices } = toolsOfServers(servers, own, capabilities);
    const tools = await ToolSet.open([...own, ...found.map(({ tool }) => tool)], { onPermission, beforeAct });
    const ofServers = found.filter(({ isSwitchedOn }) => isSwitchedOn).map(({ tool }) => tool.name);
    const switchedOn = new Set([...always.map(({ name }) => name), ...ofServers, ...capabilities]);
    const offered = tools.tools
      .filter(({ name, permission }) => switchedOn.has(name) && permission !== "never")
      .map(({ name, description, inputSchema }) => ({ name, description, inputSchema }));
    return { tools, switchedOn, offered, notices };
  };
  let now = await gather();
  onListed(() => {
    gather().then(
      (next) => {
        now = next;
      },
      () => {},
    );
  });
  const matcher = intents === undefined ? null : IntentMatcher.compile(intents);
  // What a server offers is known when it is there, which need not be now.
  const isServers = (tool: string) => servers?.servers.some(({ name }) => tool.startsWith(`${name}_`)) === true;
  const faults = (intents?.definitions ?? []).flatMap(({ tool }, index) =>
    tool === undefined || now.tools.has(tool) || isServers(tool)
      ? []
      : [{ path: ["definitions", index, "tool"], column: null, message: `there is no tool named "${tool}"` }],
  );
  if (faults.length > 0) throw new InvalidIntentsError(faults);
  const shortlist = new ToolShortlist();
  const likeliest = (message: string) => {
    // A skill is named in the instructions whatever the message is, and so can always be read.
    const pinned = now.offered.filter(({ name }) => name === skills.open?.tool.name);
    const others = now.offered.filter(({ name }) => name !== skills.open?.tool.name);
    return [...pinned, ...shortlist.choose(message, others, MAX_OFFERED_TOOLS - pinned.length)];
  };
  return {
    instructions: skills.open?.instructions ?? null,
    get notices() {
      const expected = [...capabilities].filter((tag) => now.tools.has(tag) || !isServers(tag));
      const known = { skills: skills.all, tools: now.tools.tools, servers: servers?.servers };
      const unresolved = describeUnresolved(resolveCapabilities(expected, known));
      return [...skills.notices, ...(servers?.notices ?? []), ...now.notices, ...unresolved];
    },
    answer(message) {
      const match = matcher?.match(message) ?? null;
      return match === null ? null : (turn, signal) => runIntent(match, now.tools, turn, signal);
    },
    offer(message) {
      const likely = now.offered.length <= MAX_OFFERED_TOOLS ? now.offered : likeliest(message);
      return likely.toSorted((one, other) => (one.name < other.name ? -1 : 1));
    },
    async callTool(call, options) {
      return now.switchedOn.has(call.name) ? now.tools.call(call, options) : unknownTool(call);
    },
    async close() {
      await servers?.close();
    },
  };
}

interface ServerTool {
  tool: Tool;
  /** By its own name or by its server's. */
  isSwitchedOn: boolean;
}

/** The tools of all servers, but for those whose names are taken and those that are too many. */
function toolsOfServers(
  servers: McpServers | null,
  own: readonly Tool[],
  capabilities: ReadonlySet<string>,
): { found: ServerTool[]; notices: string[] } {
  const taken = new Set(own.map(({ name }) => name));
  const found: ServerTool[] = [];
  const notices: string[] = [];
  for (const server of servers?.servers ?? []) {
    for (const tool of server.tools) {
      if (taken.has(tool.name))
        notices.push(`There is another tool "${tool.name}"; that of the MCP server is left out.`);
      else if (found.length >= MAX_SERVER_TOOLS) {
        notices.push(`The MCP servers have more than ${MAX_SERVER_TOOLS} tools; the rest is left out.`);
        return { found, notices };
      } else {
        taken.add(tool.name);
        found.push({ tool, isSwitchedOn: capabilities.has(server.name) || capabilities.has(tool.name) });
      }
    }
  }
  return { found, notices };
}

/** Servers need Node; this module does not. */
async function openServers(
  settings: NonNullable<NanoAgentConfig["mcp_servers"]>,
  onListed: () => void,
): Promise<McpServers> {
  const { openMcpServers } = await import("#node-parts");
  return openMcpServers(settings, onListed);
}

interface SkillsOfAgent {
  all: readonly { name: string }[];
  open: OpenSkills | null;
  notices: string[];
}

const noSkills: SkillsOfAgent = { all: [], open: null, notices: [] };

/** Those that the capabilities name are switched on; of the others only the names are known. */
async function readSkillsOf(folder: string, capabilities: ReadonlySet<string>): Promise<SkillsOfAgent> {
  // Files need Node; this module does not.
  const [{ openSkillFolder }, { openSkills }] = await Promise.all([
    import("#node-parts"),
    import("./skills/open-skills.js"),
  ]);
  const { skills, faults } = await openSkillFolder(folder);
  return {
    all: skills,
    open: await openSkills(skills.filter(({ name }) => capabilities.has(name))),
    notices: faults.map(({ message }) => message),
  };
}

/** Commands need Node; this module does not. */
async function openCommands(commands: NonNullable<NanoAgentConfig["tools"]>): Promise<Tool[]> {
  if (commands.length === 0) return [];
  const { openCommandTools } = await import("#node-parts");
  return openCommandTools(commands);
}
