import type { EdgeDevice } from "@nanoagent/models";
import { cutText } from "@nanoagent/models";
import { notUnderstood } from "./not-understood.js";

const GREETINGS = new Set(["hello", "hi", "hey"]);
const STATUS_WORDS = new Set(["status", "health", "ping"]);
const anyKeyword = new RegExp([...GREETINGS, ...STATUS_WORDS].join("|"), "iu");

/** Messages with at most this number of words are too short to act on. */
const SHORT_MESSAGE_WORDS = 5;
/** Longest greeting or status question, in words, for an agent with a `fallback`. */
const KEYWORD_MESSAGE_WORDS = 2;
/** The echo shows which message was received, so a long one is cut. */
const MAX_ECHO_CHARACTERS = 1000;

/** A reply by rules. */
interface RulesReply {
  readonly text: string;
  /** False for a `fallback` and for the list of abilities, which only say that no rule understood the message. */
  readonly isUnderstood: boolean;
}

const asUnderstood = (text: string): RulesReply => ({ text, isUnderstood: true });
const asNotUnderstood = (text: string): RulesReply => ({ text, isUnderstood: false });

/**
 * Returns the reply to `content`: a greeting, the status, a request for more detail, or an acknowledgement, tried in
 * this order. A `fallback`, or else a list of `abilities` in the given `language`, replaces the last two. With a
 * `fallback`, only a message of one or two words is a greeting or a status question.
 */
export function replyByRules(
  content: string,
  agentName: string,
  device: EdgeDevice,
  {
    abilities = [],
    language = null,
    fallback = null,
  }: { abilities?: readonly string[]; language?: string | null; fallback?: string | null } = {},
): RulesReply {
  const { greets, asksStatus, wordCount } = readWords(content);
  if (fallback !== null && wordCount > KEYWORD_MESSAGE_WORDS) return asNotUnderstood(fallback);
  if (greets) return asUnderstood(`Hello from ${agentName}! How can I assist?`);
  if (asksStatus) {
    const { platform, memory_mb, cpu_cores } = device;
    return asUnderstood(`Runtime status: OK. Device=${platform}, Memory=${memory_mb}MB, Cores=${cpu_cores}.`);
  }
  if (fallback !== null) return asNotUnderstood(fallback);
  if (abilities.length > 0) return asNotUnderstood(notUnderstood(language, abilities));
  if (wordCount <= SHORT_MESSAGE_WORDS) {
    return asUnderstood("Please tell me a little more: what would you like me to do?");
  }
  return asUnderstood(`I received your message of ${wordCount} words: ${echo(content)}`);
}

/**
 * Scans a message for keywords and counts its words. Keywords end at any character other than a letter, mark or digit,
 * so that "hi!" greets and "this" does not. The word count splits at white space, as people count.
 */
function readWords(content: string): { greets: boolean; asksStatus: boolean; wordCount: number } {
  let greets = false;
  let asksStatus = false;
  // Few messages contain a keyword. Splitting all others would cost more than the reply.
  const words = anyKeyword.test(content) ? content.matchAll(/[\p{L}\p{M}\p{N}_]+/gu) : [];
  for (const [word] of words) {
    const lower = word.toLowerCase();
    if (GREETINGS.has(lower)) {
      greets = true;
      break;
    }
    if (STATUS_WORDS.has(lower)) asksStatus = true;
  }
  let wordCount = 0;
  for (const spoken = /\S+/gu; spoken.test(content); ) wordCount++;
  return { greets, asksStatus, wordCount };
}

function echo(content: string): string {
  if (content.length <= MAX_ECHO_CHARACTERS) return content;
  return `${cutText(content, MAX_ECHO_CHARACTERS)}…`;
}
