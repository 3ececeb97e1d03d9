import type { EdgeDevice } from "@nanoagent/models";
import { cutText } from "@nanoagent/models";
import { notUnderstood } from "./not-understood.js";

const GREETINGS = new Set(["hello", "hi", "hey"]);
const STATUS_WORDS = new Set(["status", "health", "ping"]);
const anyKeyword = new RegExp([...GREETINGS, ...STATUS_WORDS].join("|"), "iu");

/** A message of so many words or fewer is too short to act on. */
const SHORT_MESSAGE_WORDS = 5;
/** Longest greeting, and longest question for the status, of an agent with a `fallback`: longer ones ask for more. */
const KEYWORD_MESSAGE_WORDS = 2;
/** An echo is there to be recognised, not to send a book back: the rest of a longer text is left out. */
const MAX_ECHO_CHARACTERS = 1000;

/**
 * The reply to `content`: greeting, status, a question for more, or an acknowledgement; tried in this order. An agent with
 * a `fallback` says that, and one that can do something says what, in its `language`, in place of the last two. With a
 * `fallback`, only a message of one or two words is a greeting or asks for the status.
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
): string {
  const { greets, asksStatus, wordCount } = readWords(content);
  if (fallback !== null && wordCount > KEYWORD_MESSAGE_WORDS) return fallback;
  if (greets) return `Hello from ${agentName}! How can I assist?`;
  if (asksStatus) {
    return `Runtime status: OK. Device=${device.platform}, Memory=${device.memory_mb}MB, Cores=${device.cpu_cores}.`;
  }
  if (fallback !== null) return fallback;
  if (abilities.length > 0) return notUnderstood(language, abilities);
  if (wordCount <= SHORT_MESSAGE_WORDS) return "Please tell me a little more: what would you like me to do?";
  return `I received your message of ${wordCount} words: ${echo(content)}`;
}

/**
 * What a message says, by the word. Words of a keyword are told apart by anything that is no letter, mark or digit,
 * so that "hi!" greets and "this" does not; words are counted as a person counts them, between white space.
 */
function readWords(content: string): { greets: boolean; asksStatus: boolean; wordCount: number } {
  let greets = false;
  let asksStatus = false;
  // Few messages have one of them anywhere, and to take all others apart would cost more than the reply.
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
