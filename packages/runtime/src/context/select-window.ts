import type { Engine, EngineMessage } from "../engines/engine.js";
import { NanoRuntimeError } from "../nano-runtime-error.js";

/** The part of the context that is left free for the reply. */
const REPLY_SHARE = 0.25;
/** What a chat template puts around a message, in tokens, at most. */
const MESSAGE_OVERHEAD_TOKENS = 8;

/**
 * The newest whole turns of `messages` that fit the engine's context together with `instructions`. The last message,
 * which is to be answered, is always among them. A list of its own: what an engine does to it changes nothing else.
 */
export async function selectWindow(
  engine: Engine,
  instructions: string | null,
  messages: readonly EngineMessage[],
): Promise<readonly EngineMessage[]> {
  if (engine.contextTokens === null) return messages.slice();
  const cost = async (text: string) => (await engine.countTokens(text)) + MESSAGE_OVERHEAD_TOKENS;
  const last = messages.length - 1;
  let used = (await cost(messages[last]?.content ?? "")) + (instructions === null ? 0 : await cost(instructions));
  // An engine that had to be started again to count may have another context than before.
  const budget = Math.floor(engine.contextTokens * (1 - REPLY_SHARE));
  if (used > budget) {
    throw new NanoRuntimeError({
      code: "context-exceeded",
      message: `The message needs ${used} tokens, ${used - budget} more than the ${budget} that the engine's context of ${engine.contextTokens} leaves for it.`,
      hint: "Send a shorter message, or load the model with a larger context.",
    });
  }
  let start = last;
  for (let index = last - 1; index >= 0; index--) {
    const message = messages[index] as EngineMessage;
    used += await cost(message.content);
    if (used > budget) break;
    // A turn begins with the user's message: only there may the window begin.
    if (message.role === "user") start = index;
  }
  return messages.slice(start);
}
