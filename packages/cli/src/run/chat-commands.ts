import { nearestName } from "@nanoagent/models";
import type { NanoRuntime } from "@nanoagent/runtime";
import { formatFields } from "../output/format.js";
import { messageHead, messageText } from "../output/message-head.js";
import { plainLine, plainText } from "../output/plain-text.js";
import { describeMemory } from "./describe-memory.js";

/** The parts of a running agent that a slash command may use. */
export interface ChatContext {
  runtime: NanoRuntime;
  agentName: string;
  engineName: string;
  /** Name of the model that answers. */
  model: string;
  platform: string;
  /** Called when a new conversation begins. */
  onReset(): void;
  /** Tells the notices that have come up since the last call. */
  tellNotices(): void;
}

interface ChatCommand {
  summary: string;
  /** Returns what the command says, or null to end the session. */
  run(context: ChatContext): string | null | Promise<string | null>;
}

const permissionWords = { always: "always allowed", ask: "asks first", never: "never allowed" };

const commands: Record<string, ChatCommand> = {
  help: { summary: "Show these commands.", run: () => listCommands() },
  reset: {
    summary: "Start a new conversation.",
    run: ({ runtime, onReset }) => {
      runtime.reset();
      onReset();
      return "Started a new conversation.\n";
    },
  },
  history: {
    summary: "Show the conversation so far.",
    run: ({ runtime: { history, missingTurns } }) => {
      const gaps = missingTurns === 0 ? "" : `Turns that are missing from the session's files: ${missingTurns}.\n`;
      if (history.length === 0) return `${gaps}The conversation is empty.\n`;
      return gaps + history.map((message) => plainText(`${messageHead(message)}: ${messageText(message)}\n`)).join("");
    },
  },
  status: {
    summary: "Show the agent, its engine and the length of the conversation.",
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
  memory: {
    summary: "Show how much of the memory budget is in use, and by what.",
    run: async ({ runtime }) => describeMemory(await runtime.memory()),
  },
  tools: { summary: "Show the tools and their permissions.", run: ({ runtime }) => listTools(runtime) },
  model: { summary: "Show the model, its context and its size.", run: describeModel },
  save: {
    summary: "Save the model's state, so that a restart continues without reading the conversation again.",
    run: async ({ runtime }) => {
      const bytes = await runtime.saveState();
      return bytes === null
        ? "Nothing to save: this needs a local model, a session in the config, and a conversation.\n"
        : `Saved ${(bytes / 2 ** 20).toFixed(1)} MB.\n`;
    },
  },
  quit: { summary: "End the session.", run: () => null },
};

/** A single word after a slash is a command; a path, or a sentence that begins with a slash, is a message. */
const COMMAND = /^\/([a-z]+)$/i;

/** A slash command's name and what it says; the text is null when it ends the session. */
export interface ChatAnswer {
  name: string;
  text: string | null;
}

/** Runs a slash command. Returns null where the line is a message. */
export async function runChatCommand(line: string, context: ChatContext): Promise<ChatAnswer | null> {
  const name = COMMAND.exec(line.trim())?.[1]?.toLowerCase();
  if (name === undefined) return null;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command !== undefined) return { name, text: await command.run(context) };
  const nearest = nearestName(name, Object.keys(commands));
  const suggestion = nearest === null ? "" : ` Did you mean /${nearest}?`;
  return { name, text: `Unknown command /${name}.${suggestion} /help lists the commands.\n` };
}

/** Returns the slash commands that begin with these characters. */
export function completeChatCommand(line: string): string[] {
  if (!line.startsWith("/")) return [];
  return Object.keys(commands).flatMap((name) => (`/${name}`.startsWith(line) ? [`/${name}`] : []));
}

function listCommands(): string {
  return Object.entries(commands)
    .map(([name, { summary }]) => `${`/${name}`.padEnd(10)}${summary}\n`)
    .join("");
}

function listTools({ agent }: NanoRuntime): string {
  if (agent.tools.length === 0) return "This agent has no tools.\n";
  return agent.tools
    .map(({ name, description, permission, server }) => {
      const from = server === undefined ? "" : `, from ${plainLine(server)}`;
      return `${plainLine(name)} (${permissionWords[permission]}${from})\n  ${plainLine(description)}\n`;
    })
    .join("");
}

async function describeModel({ runtime, model, engineName }: ChatContext): Promise<string> {
  const { contextTokens, longestContextTokens, trainedTokens, parameters } = runtime.agent.engine;
  const { engine } = await runtime.memory();
  const plan = engine?.plan ?? null;
  const count = (tokens: number) => tokens.toLocaleString("en-US");
  const grows = typeof longestContextTokens === "number" ? `, up to ${count(longestContextTokens)} when needed` : "";
  return formatFields(13, {
    Model: model,
    Engine: engineName,
    ...(parameters ? { Parameters: `${Math.round(parameters / 1e6).toLocaleString("en-US")} million` } : {}),
    ...(contextTokens === null ? {} : { Context: `${count(contextTokens)} tokens${grows}` }),
    ...(trainedTokens ? { "Trained for": `${count(trainedTokens)} tokens` } : {}),
    ...(plan === null ? {} : { "KV cache": plan.kv_type, Batch: `${plan.batch_tokens} tokens` }),
  });
}
