import { nearestName } from "@nanoagent/models";
import type { NanoRuntime } from "@nanoagent/runtime";
import { formatFields } from "../output/format.js";
import { messageHead } from "../output/message-head.js";
import { plainText } from "../output/plain-text.js";
import { describeMemory } from "./describe-memory.js";

/** What a chat command may look at. */
export interface ChatContext {
  runtime: NanoRuntime;
  agentName: string;
  engineName: string;
  platform: string;
}

interface ChatCommand {
  summary: string;
  /** What it says; null ends the session. */
  run(context: ChatContext): string | null | Promise<string | null>;
}

const commands: Record<string, ChatCommand> = {
  help: {
    summary: "Show these commands.",
    run: () =>
      formatFields(
        10,
        Object.fromEntries(Object.entries(commands).map(([name, { summary }]) => [`/${name}`, summary])),
      ).replaceAll(":", ""),
  },
  status: {
    summary: "Show the agent, its engine and how long the conversation is.",
    run: ({ runtime, agentName, engineName, platform }) => {
      const { droppedTurns, history } = runtime;
      const { callForm = null } = runtime.agent.engine;
      const dropped = droppedTurns === 0 ? "" : `, ${droppedTurns} older turns no longer in memory`;
      return formatFields(14, {
        Agent: agentName,
        Engine: engineName,
        ...(callForm === null ? {} : { "Tool calls": `${callForm.name}: ${callForm.reason}` }),
        Device: platform,
        Conversation: `${history.length} messages${dropped}`,
      });
    },
  },
  reset: {
    summary: "Begin the conversation anew.",
    run: ({ runtime }) => {
      runtime.reset();
      return "The conversation begins anew.\n";
    },
  },
  history: {
    summary: "Show the conversation so far.",
    run: ({ runtime: { history, missingTurns } }) => {
      const gaps = missingTurns === 0 ? "" : `Turns of the session that are missing from its files: ${missingTurns}.\n`;
      if (history.length === 0) return `${gaps}Nothing was said yet.\n`;
      return gaps + history.map((message) => plainText(`${messageHead(message)}: ${message.content}\n`)).join("");
    },
  },
  memory: {
    summary: "Show what is taken of the memory budget.",
    run: async ({ runtime }) => describeMemory(await runtime.memory()),
  },
  save: {
    summary: "Write the model's state down, so that a restart goes on where this ends.",
    run: async ({ runtime }) => {
      const bytes = await runtime.saveState();
      return bytes === null
        ? "Nothing is kept: that needs a local model, a session in the config, and something said.\n"
        : `Saved ${(bytes / 2 ** 20).toFixed(1)} MB.\n`;
    },
  },
  quit: { summary: "End the session.", run: () => null },
};

/** A word alone behind a slash is a command; a path or a sentence that begins with one is a message. */
const COMMAND = /^\/([a-z]+)$/i;

/** What the line asks for, done: its text, or null when it ends the session. Undefined where the line is a message. */
export async function runChatCommand(line: string, context: ChatContext): Promise<string | null | undefined> {
  const name = COMMAND.exec(line.trim())?.[1]?.toLowerCase();
  if (name === undefined) return undefined;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command !== undefined) return command.run(context);
  const nearest = nearestName(name, Object.keys(commands));
  return `There is no command /${name}.${nearest === null ? "" : ` Did you mean /${nearest}?`} /help shows all.\n`;
}
