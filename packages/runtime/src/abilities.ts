import type { NanoAgentConfig } from "@nanoagent/models";
import type { AgentEvent } from "./agent-event.js";
import { type LoopResult, unknownTool } from "./agent-loop.js";
import type { EngineTool } from "./engines/engine.js";
import type { CallTool, Turn } from "./session/turn.js";
import type { OpenSkills } from "./skills/open-skills.js";
import { describeUnresolved, resolveCapabilities } from "./skills/resolve-capabilities.js";
import type { Tool } from "./tools/tool.js";
import type { ToolSetOptions } from "./tools/tool-set.js";

/** Small models choose well among a few tools, and each costs room in the context. */
const MAX_OFFERED_TOOLS = 8;

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
  /** What the config names and is not to be had, one sentence each. */
  readonly notices: readonly string[];
}

/**
 * What the config and the program give an agent; null when they give nothing, and then nothing is loaded for it. Throws
 * {@link InvalidIntentsError}, {@link InvalidToolError} and {@link InvalidSkillError}.
 */
export async function openAbilities(config: NanoAgentConfig, parts: AbilityParts): Promise<Abilities | null> {
  const { intents, tools: commands = [], skills_dir } = config;
  const { tools: given = [], onPermission, beforeAct } = parts;
  const capabilities = new Set(config.spec.capabilities);
  const isEmpty = intents === undefined && commands.length === 0 && given.length === 0 && skills_dir === undefined;
  if (isEmpty && describeUnresolved(resolveCapabilities([...capabilities], { skills: [], tools: [] })).length === 0) {
    return null;
  }
  const [{ ToolSet }, { shortlistTools }, { IntentMatcher }, { InvalidIntentsError }, { runIntent }] =
    await Promise.all([
      import("./tools/tool-set.js"),
      import("./tools/shortlist-tools.js"),
      import("./intents/intent-matcher.js"),
      import("./intents/invalid-intents-error.js"),
      import("./intents/run-intent.js"),
    ]);
  const skills = skills_dir === undefined ? noSkills : await readSkillsOf(skills_dir, capabilities);
  const toolOfSkills = skills.open === null ? [] : [skills.open.tool];
  const own = [...given, ...toolOfSkills];
  const tools = await ToolSet.open([...own, ...(await openCommands(commands))], { onPermission, beforeAct });
  const matcher = intents === undefined ? null : IntentMatcher.compile(intents);
  const faults = (intents?.definitions ?? []).flatMap(({ tool }, index) =>
    tool === undefined || tools.has(tool)
      ? []
      : [{ path: ["definitions", index, "tool"], column: null, message: `there is no tool named "${tool}"` }],
  );
  if (faults.length > 0) throw new InvalidIntentsError(faults);
  const switchedOn = new Set([...own.map(({ name }) => name), ...capabilities]);
  const resolved = resolveCapabilities([...capabilities], { skills: skills.all, tools: tools.tools });
  const offered = tools.tools
    .filter(({ name, permission }) => switchedOn.has(name) && permission !== "never")
    .map(({ name, description, inputSchema }) => ({ name, description, inputSchema }));
  // A skill is named in the instructions whatever the message is, and so can always be read.
  const pinned = offered.filter(({ name }) => name === skills.open?.tool.name);
  const others = offered.filter(({ name }) => name !== skills.open?.tool.name);
  const shortlist = (message: string) => [
    ...pinned,
    ...shortlistTools(message, others, MAX_OFFERED_TOOLS - pinned.length),
  ];
  return {
    instructions: skills.open?.instructions ?? null,
    notices: [...skills.notices, ...describeUnresolved(resolved)],
    answer(message) {
      const match = matcher?.match(message) ?? null;
      return match === null ? null : (turn, signal) => runIntent(match, tools, turn, signal);
    },
    offer(message) {
      const likely = offered.length <= MAX_OFFERED_TOOLS ? offered : shortlist(message);
      return likely.toSorted((one, other) => (one.name < other.name ? -1 : 1));
    },
    async callTool(call, options) {
      return switchedOn.has(call.name) ? tools.call(call, options) : unknownTool(call);
    },
  };
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
