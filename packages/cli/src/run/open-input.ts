import type { OptionValues } from "../command-line/command.js";
import type { InputHistory } from "../input/input-history.js";
import type { MessageInput } from "../input/message-input.js";
import type { Streams } from "../streams.js";
import { completeChatCommand } from "./chat-commands.js";
import { MAX_JSON_CHARACTERS } from "./json-message.js";

/** Whether a person types the messages and reads the replies. */
export function isInteractive({ json, jsonl }: OptionValues, { stdin, stdout }: Streams): boolean {
  return !json && !jsonl && stdin.isTTY === true && stdout.isTTY === true;
}

/** Opens the source of the messages: a terminal with its line editor or without, or a pipe. */
export async function openInput(
  values: OptionValues,
  streams: Streams,
  history: InputHistory | null = null,
): Promise<MessageInput> {
  if (!isInteractive(values, streams)) {
    const { PipedInput } = await import("../input/piped-input.js");
    return new PipedInput(streams.stdin, streams.stop, values.jsonl ? MAX_JSON_CHARACTERS : undefined);
  }
  if (values.plain || process.env.TERM === "dumb") {
    const { PlainInput } = await import("../input/plain-input.js");
    return new PlainInput(streams);
  }
  const { TerminalInput } = await import("../input/terminal-input.js");
  return new TerminalInput(streams, { history, complete: completeChatCommand });
}

/** Opens the messages of earlier sessions; null where they are not to be kept, or there is no home. */
export async function openHistory(values: OptionValues, streams: Streams): Promise<InputHistory | null> {
  if (!isInteractive(values, streams) || values["no-history"] || values.plain || values.once !== undefined) return null;
  const { historyFile, InputHistory } = await import("../input/input-history.js");
  const file = historyFile(process.env, process.platform);
  return file === null ? null : InputHistory.open(file);
}
