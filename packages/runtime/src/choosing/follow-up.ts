import type { EngineMessage, ToolCall } from "../engines/engine.js";
import { splitWords } from "../split-words.js";

/** A message together with its context in the conversation. */
export interface FollowUp {
  /** The message, completed by what it refers to: an answer follows the message that it belongs to. */
  message: string;
  /** The newest call before this message, or null. */
  before: ToolCall | null;
  /** Whether the message refers to that call: it is short, begins with `and`, or contains `it`. */
  leansOnIt: boolean;
  /** Kind of answer to the assistant's question, or null where nothing was asked. */
  answer: "yes" | "no" | "other" | null;
}

/** A message with more words stands alone. */
const MAX_LEANING_WORDS = 7;
const beginnings =
  /^(?:and|now|then|also|but|no|same|again|und|jetzt|dann|auch|nein|nochmal|et|maintenant|puis|aussi|non|y|ahora|también|e|ora|adesso|anche|ed|un|otro|otra|altro|another|noch)$/;
const pronouns =
  /^(?:it|them|that|this|one|again|same|more|less|too|back|sie|es|ihn|wieder|nochmal|mehr|weniger|auch|zurück|la|le|les|lo|los|las|encore|pareil|aussi|plus|moins|otra|vez|más|menos|también|ancora|anche|più|meno|stesso|stessa|gli)$/;
const agreeing =
  /^(?:yes|yeah|yep|sure|ok|okay|please|do|right|correct|exactly|ja|jawohl|gerne|genau|klar|bitte|mach|oui|ouais|d|accord|bien|sûr|vas|sí|claro|vale|adelante|dale|sì|certo|va|bene|esatto|fallo)$/;
const refusing = /^(?:no|nope|nah|don|never|cancel|stop|nein|nicht|abbrechen|non|annule|annula|cancela)$/;
/** An answer with more words is more than yes or no. */
const MAX_ANSWER_WORDS = 4;

/** Reads how the newest message of a conversation refers to earlier ones. */
export function readFollowUp(messages: readonly EngineMessage[]): FollowUp {
  const last = messages.at(-1)?.content ?? "";
  const earlier = messages.slice(0, -1);
  const asked = earlier.findLastIndex(({ role }) => role === "user");
  const turn = asked < 0 ? [] : earlier.slice(asked);
  const before = newestCall(earlier);
  const words = splitWords(last).map(({ text }) => text);
  const reply = turn.findLast(({ role }) => role === "assistant");
  const hasCalled = turn.some(({ tool_calls = [] }) => tool_calls.length > 0);
  const isAnswer = !hasCalled && reply !== undefined && /[?？]\s*$/.test(reply.content);
  if (isAnswer) {
    const answer = answerIn(words);
    const question = chainOfQuestions(earlier);
    return { message: answer === "other" ? `${question}\n${last}` : question, before: null, leansOnIt: false, answer };
  }
  const leansOnIt =
    before !== null &&
    words.length > 0 &&
    words.length <= MAX_LEANING_WORDS &&
    (beginnings.test(words[0] ?? "") || words.length <= 3 || words.some((word) => pronouns.test(word)));
  return { message: last, before, leansOnIt, answer: null };
}

/** Most turns without a call between a call and a message that refers to it, such as thanks or a question. */
const MAX_TURNS_BETWEEN = 2;

function newestCall(messages: readonly EngineMessage[]): ToolCall | null {
  let turns = 0;
  for (const { role, tool_calls = [] } of messages.toReversed()) {
    const call = tool_calls.at(-1);
    if (call !== undefined) return call;
    if (role === "user" && ++turns > MAX_TURNS_BETWEEN) return null;
  }
  return null;
}

/** Joins the user's messages since the last reply that was not a question. */
function chainOfQuestions(messages: readonly EngineMessage[]): string {
  const parts: string[] = [];
  for (let at = messages.length - 1; at >= 0; at--) {
    const { role, content, tool_calls = [] } = messages[at] as EngineMessage;
    if (role === "user") parts.unshift(content);
    else if (role !== "assistant" || tool_calls.length > 0 || !/[?？]\s*$/.test(content)) break;
  }
  return parts.slice(-2).join("\n");
}

function answerIn(words: readonly string[]): FollowUp["answer"] {
  if (words.length > MAX_ANSWER_WORDS) return "other";
  if (words.some((word) => refusing.test(word))) return words.length <= 2 ? "no" : "other";
  return words.length > 0 && words.every((word) => agreeing.test(word)) ? "yes" : "other";
}
