import { cutText } from "@nanoagent/models";
import type { Engine, EngineMessage, EngineRequest } from "../engines/engine.js";

/** Words per token of a summary in most languages. */
const WORDS_PER_TOKEN = 0.6;

/** Returns the request for a summary, as the next message of the conversation. */
export function askForSummary(maxTokens: number): EngineMessage {
  const words = Math.floor(maxTokens * WORDS_PER_TOKEN);
  const content = `Summarize our conversation so far in at most ${words} words, in its language, so that you can go on from the summary alone: names, numbers, what I want, what was decided. Write the summary and nothing else.`;
  return { role: "user", content };
}

/**
 * Lets the engine summarize these messages in at most `maxTokens`. Returns null if it fails, is aborted or returns no
 * text. The request continues the conversation, so that the engine need not read it again.
 */
export async function summarizeTurns(
  engine: Engine,
  request: EngineRequest,
  { maxTokens, signal }: { maxTokens: number; signal: AbortSignal },
): Promise<string | null> {
  const sampling = { maxTokens, temperature: 0 };
  const messages = [...request.messages, askForSummary(maxTokens)];
  const answer = await readText(engine, { ...request, messages, sampling }, signal);
  // If the engine calls a tool, it is asked again without tools.
  const text =
    answer === "called a tool"
      ? await readText(engine, { ...request, messages, sampling, tools: undefined }, signal)
      : answer;
  if (text === null || text === "called a tool" || text.text.trim() === "") return null;
  return shorten(engine, text.text.trim(), maxTokens);
}

async function readText(
  engine: Engine,
  request: EngineRequest,
  signal: AbortSignal,
): Promise<{ text: string } | "called a tool" | null> {
  let text = "";
  // Tokens are shorter than this. An engine that ignores the limit is stopped.
  const maxCharacters = 64 * (request.sampling?.maxTokens ?? 0);
  for await (const event of engine.generate(request, { signal })) {
    if (signal.aborted) return null;
    if (event.type === "text-delta") text += event.text;
    else if (event.type === "text-retraction") text = "";
    if (text.length > maxCharacters) return { text: cutText(text, maxCharacters) };
    if (event.type === "tool-call") return "called a tool";
    if (event.type === "error") return null;
    if (event.type === "end") return event.reason === "abort" ? null : { text };
  }
  return null;
}

/** Cuts a summary to the limit, in case the engine exceeded it. */
async function shorten(engine: Engine, text: string, maxTokens: number): Promise<string> {
  let short = text;
  for (;;) {
    const tokens = await engine.countTokens(short);
    if (tokens <= maxTokens) return short;
    const cut = Math.floor((short.length * maxTokens) / tokens);
    const space = short.lastIndexOf(" ", cut);
    short = `${cutText(short, space > cut / 2 ? space : Math.min(cut, short.length - 2))}…`;
  }
}
