import type { NanoAgentConfig } from "@nanoagent/models";
import type { AgentEvent } from "./agent-event.js";
import { type CallTool, type LoopResult, unknownTool } from "./agent-loop.js";
import type { EngineTool } from "./engines/engine.js";
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
  answer(message: string): ((signal: AbortSignal) => AsyncGenerator<AgentEvent, LoopResult>) | null;
  /** The tools that the engine is told of for this message, by name: all that it may call, or the likeliest of many. */
  offer(message: string): readonly EngineTool[];
  /** Runs a tool that the engine calls: one of the program's, or one of the config's that a capability switches on. */
  readonly callTool: CallTool;
}

/**
 * What the config and the program give an agent; null when they give nothing, and then nothing is loaded for it. Throws
 * {@link InvalidIntentsError} and {@link InvalidToolError}.
 */
export async function openAbilities(config: NanoAgentConfig, parts: AbilityParts): Promise<Abilities | null> {
  const { intents, tools: commands = [] } = config;
  const { tools: given = [], onPermission, beforeAct } = parts;
  if (intents === undefined && commands.length === 0 && given.length === 0) return null;
  const [{ ToolSet }, { shortlistTools }, { IntentMatcher }, { InvalidIntentsError }, { runIntent }] =
    await Promise.all([
      import("./tools/tool-set.js"),
      import("./tools/shortlist-tools.js"),
      import("./intents/intent-matcher.js"),
      import("./intents/invalid-intents-error.js"),
      import("./intents/run-intent.js"),
    ]);
  const tools = await ToolSet.open([...given, ...(await openCommands(commands))], { onPermission, beforeAct });
  const matcher = intents === undefined ? null : IntentMatcher.compile(intents);
  const faults = (intents?.definitions ?? []).flatMap(({ tool }, index) =>
    tool === undefined || tools.has(tool)
      ? []
      : [{ path: ["definitions", index, "tool"], column: null, message: `there is no tool named "${tool}"` }],
  );
  if (faults.length > 0) throw new InvalidIntentsError(faults);
  const switchedOn = new Set([...given.map(({ name }) => name), ...config.spec.capabilities]);
  const offered = tools.tools.filter(({ name, permission }) => switchedOn.has(name) && permission !== "never");
  return {
    answer(message) {
      const match = matcher?.match(message) ?? null;
      return match === null ? null : (signal) => runIntent(match, tools, signal);
    },
    offer(message) {
      const likely =
        offered.length <= MAX_OFFERED_TOOLS ? offered : shortlistTools(message, offered, MAX_OFFERED_TOOLS);
      return likely
        .map(({ name, description, inputSchema }) => ({ name, description, inputSchema }))
        .sort((one, other) => (one.name < other.name ? -1 : 1));
    },
    async callTool(call, signal) {
      if (!switchedOn.has(call.name)) return unknownTool(call);
      return tools.call(call, { signal, idempotencyKey: crypto.randomUUID() });
    },
  };
}

/** Commands need Node; this module does not. */
async function openCommands(commands: NonNullable<NanoAgentConfig["tools"]>): Promise<Tool[]> {
  if (commands.length === 0) return [];
  const { openCommandTools } = await import("#node-parts");
  return openCommandTools(commands);
}
