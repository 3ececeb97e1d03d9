import { NanoAgentError } from "@nanoagent/models";
import type { TurnOptions } from "@nanoagent/runtime";
import { exitCodeFor } from "../errors/present-error.js";
import { exitCodes } from "../exit-codes.js";
import type { MessageInput } from "../input/message-input.js";
import { onAbort } from "../on-abort.js";
import { type ChatContext, runChatCommand } from "./chat-commands.js";
import { readId, readJsonMessage } from "./json-message.js";
import type { JsonOutput } from "./json-output.js";
import type { ReplyOutput } from "./reply-output.js";

const QUIT_WORDS = new Set(["quit", "exit", "q"]);

/** A running conversation: the agent, and where its replies go. */
export interface Conversation {
  context: ChatContext;
  output: ReplyOutput;
  /** Ends the program. */
  stop: AbortSignal;
}

/** Answers one message. Returns the exit code. */
export async function answerOnce(conversation: Conversation, message: string, signal: AbortSignal): Promise<number> {
  const error = await answer(conversation, message, { signal });
  return error === null ? exitCodes.done : exitCodeFor(error);
}

/** Answers message after message until the input ends, a quit word comes, or the program is stopped. */
export async function converse(conversation: Conversation, input: MessageInput): Promise<number> {
  const { context, output, stop } = conversation;
  let failed = false;
  while (!stop.aborted) {
    const line = await input.next();
    if (line === null) return input.interrupted ? exitCodes.interrupted : failed ? exitCodes.failed : exitCodes.done;
    const content = line.trim();
    if (QUIT_WORDS.has(content.toLowerCase())) break;
    if (content === "") continue;
    const command = await runChatCommand(content, context);
    if (command !== null) {
      if (command.text === null) break;
      output.showCommand(command.name, command.text);
      continue;
    }
    const reply = new AbortController();
    const abort = () => reply.abort();
    const stopListening = onAbort(stop, abort);
    input.onInterrupt = abort;
    const error = await answer(conversation, line, { signal: reply.signal });
    if (error !== null && !reply.signal.aborted) failed = true;
    input.onInterrupt = null;
    stopListening();
  }
  return failed ? exitCodes.failed : exitCodes.done;
}

/** Answers each line of JSON with another, until the input ends or the program is stopped. */
export async function answerJsonLines(
  conversation: Conversation,
  input: MessageInput,
  output: JsonOutput,
): Promise<number> {
  const { context, stop } = conversation;
  let failed = false;
  while (!stop.aborted) {
    const line = await input.next();
    if (line === null) break;
    if (line.trim() === "") continue;
    output.answering(readId(line));
    try {
      const { content, isCommand, options } = readJsonMessage(line);
      const command = isCommand ? await runChatCommand(content, context) : null;
      if (command?.text === null) break;
      if (command !== null) output.showCommand(command.name, command.text);
      else if ((await answer(conversation, content, { ...options, signal: stop })) !== null) failed = true;
    } catch (error) {
      if (!NanoAgentError.isInstance(error)) throw error;
      failed = true;
      output.showError(error);
    }
  }
  return failed ? exitCodes.failed : exitCodes.done;
}

/** Answers one message. Returns the error of a turn that failed. */
async function answer(
  { context, output }: Conversation,
  content: string,
  options: TurnOptions & { signal: AbortSignal },
): Promise<NanoAgentError | null> {
  let error: NanoAgentError | null = null;
  for await (const event of context.runtime.stream(content, options)) {
    await output.show(event);
    if (event.type === "run-end" || event.type === "error") context.tellNotices();
    if (event.type === "error") error = event.error;
  }
  return error;
}
