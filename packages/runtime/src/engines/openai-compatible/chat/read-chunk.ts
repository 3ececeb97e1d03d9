import { plainOrText } from "../../../json/exact-json.js";
import { countOf, itemsOf, type JsonObject, listOf, objectOf, textOf } from "../../../json/read-json.js";
import { findWords } from "../../../server-words.js";
import type { TokenUsage } from "../../engine.js";
import type { ReplyPart, ToolCallPart } from "./reply-part.js";

/**
 * Reads one value of a reply. Its content decides how, not the kind of server: it may be a chunk or a whole reply of
 * `/v1/chat/completions`, or a line of Ollama's `/api/chat`. `isAlone`: the value did not arrive as a stream event.
 */
export function readChunk(value: unknown, isAlone: boolean): ReplyPart {
  const chunk = objectOf(value);
  const error = errorOf(chunk);
  if (error !== null) return { error };
  const usage = usageOf(chunk);
  const part: ReplyPart = usage === null ? {} : { usage };
  if (objectOf(chunk.nanoagent).type === "text-retraction") part.retracts = true;
  if (chunk.choices) return { ...part, ...readChoice(chunk, isAlone) };
  if (chunk.done !== undefined || typeof chunk.message === "object") return { ...part, ...readLine(chunk) };
  const words = typeof value === "string" ? value : findWords(chunk);
  if (words !== null) return { ...part, words };
  return Object.keys(chunk).some((key) => !besideChunk.has(key)) ? { ...part, unread: value } : part;
}

/** Keys of a chunk that carries no reply text, such as usage or a keep-alive. */
const besideChunk = new Set(
  "id object created created_at model type usage choices system_fingerprint timings nanoagent".split(" "),
);
/** Keys of a message whose text is not part of the reply. */
const besideText = new Set(
  "role name id type index status model object created channel recipient phase signature reasoning_signature finish_reason stop_reason".split(
    " ",
  ),
);
/** Keys of a message that are read individually. */
const readKeys = new Set(
  "content refusal reasoning_content reasoning thinking reasoning_text reasoning_details tool_calls function_call".split(
    " ",
  ),
);

/** Returns the error in a chunk, or null. */
function errorOf(chunk: JsonObject): unknown {
  const { error, errors } = chunk;
  if (typeof error === "object" ? error !== null : typeof error === "string" && error !== "") return error;
  if (listOf(errors).length > 0) return listOf(errors)[0];
  return error || chunk.object === "error" || chunk.type === "error" ? chunk : null;
}

function readChoice(chunk: JsonObject, isAlone: boolean): ReplyPart {
  // If there are several replies, use the first one. Only one was requested.
  const choice = objectOf(itemsOf(chunk.choices).find((value) => Number(objectOf(value).index ?? 0) === 0));
  if (choice.error) return { error: choice.error };
  const { delta } = choice;
  const hasDelta =
    typeof delta === "object" ? Object.keys(delta ?? {}).length > 0 : delta !== undefined && delta !== "";
  const isMessage = !hasDelta && choice.message !== undefined && choice.message !== null;
  const said = readMessage(isMessage ? choice.message : delta, choice.text ?? choice.content);
  const isWhole = isMessage && (isAlone || chunk.object === "chat.completion");
  const finish = textOf(choice.finish_reason) || textOf(choice.finishReason) || (isWhole ? "stop" : "");
  return { ...said, ...(finish === "" ? {} : { finish }), ...(isMessage && finish !== "" ? { isWhole: true } : {}) };
}

function readLine(chunk: JsonObject): ReplyPart {
  const said = readMessage(chunk.message, chunk.response);
  return chunk.done === true ? { ...said, finish: textOf(chunk.done_reason) || "stop", isLast: true } : said;
}

/** Reads a message or a piece of one. `other` replaces missing content. */
function readMessage(given: unknown, other: unknown): ReplyPart {
  // Some servers send the content without a message object.
  const isContent = given !== null && given !== undefined && (typeof given !== "object" || Array.isArray(given));
  const message = isContent ? { content: given } : objectOf(given);
  const content = contentOf(message.content ?? other ?? message.text ?? objectOf(message.audio).transcript);
  const text = content.text || contentOf(message.refusal).text;
  const reasoning = [
    message.reasoning_content,
    message.reasoning,
    message.thinking,
    message.reasoning_text,
    message.reasoning_details,
  ]
    .map((value) => contentOf(value))
    .map((found) => found.text || found.reasoning)
    .find((found) => found !== "");
  const { function_call: legacy } = message;
  const toolCalls = [
    ...itemsOf(message.tool_calls).map(toolCallOf),
    // Older APIs support only one call, in `function_call`.
    ...(typeof legacy === "object" && legacy !== null ? [{ ...toolCallOf(legacy), index: 0 }] : []),
  ];
  const part: ReplyPart = {};
  if (text !== "") part.text = text;
  if (content.reasoning !== "" || reasoning !== undefined) part.reasoning = `${reasoning ?? ""}${content.reasoning}`;
  if (toolCalls.length > 0) part.toolCalls = toolCalls;
  const unread = content.unread ?? (content.isRead ? undefined : unreadOf(message));
  if (unread !== undefined && Object.keys(part).length === 0) part.unread = unread;
  return part;
}

/** Returns the first unknown, non-empty field of a message without content, or undefined. */
function unreadOf(message: JsonObject): unknown {
  for (const [key, value] of Object.entries(message)) {
    if (readKeys.has(key) || besideText.has(key)) continue;
    const isEmpty = typeof value === "object" ? Object.keys(value ?? {}).length === 0 : value === "" || value === false;
    if (!isEmpty) return { [key]: value };
  }
  return undefined;
}

interface Content {
  text: string;
  reasoning: string;
  /** Whether there is content, even an empty text. */
  isRead: boolean;
  /** The first part that is neither text nor reasoning, or undefined. */
  unread?: unknown;
}

/** Reads a text or a list of parts. Reasoning parts are kept apart. */
function contentOf(value: unknown): Content {
  const isPart = typeof value !== "object" && value !== undefined;
  const isOdd = typeof value === "object" && value !== null && Object.keys(value).length === 0 && !Array.isArray(value);
  const found: Content = { text: "", reasoning: "", isRead: value !== undefined && value !== null };
  for (const item of isPart || isOdd ? [value] : itemsOf(value)) {
    const part = objectOf(item);
    const thought = part.thinking ?? part.reasoning;
    if (typeof item === "string") found.text += item;
    else if (thought !== undefined) found.reasoning += contentOfPart(thought);
    else {
      const said = part.text ?? part.refusal ?? part.summary ?? part.value ?? part.transcript ?? part.content;
      const text = contentOfPart(said);
      found.text += text;
      if (text === "" && said !== "" && !(Array.isArray(said) && said.length === 0)) found.unread ??= item;
    }
  }
  return found;
}

function contentOfPart(value: unknown): string {
  if (typeof value === "string") return value;
  return itemsOf(value)
    .map((item) =>
      typeof item === "string" ? item : (textOf(objectOf(item).text) ?? textOf(objectOf(item).value) ?? ""),
    )
    .join("");
}

function toolCallOf(value: unknown): ToolCallPart {
  const call = objectOf(value);
  const called = typeof call.function === "object" && call.function !== null ? objectOf(call.function) : call;
  const { id, index } = call;
  return {
    index: countOf(typeof index === "string" && /^\d+$/.test(index) ? Number(index) : index),
    id: typeof id === "number" ? String(id) : textOf(id),
    name: textOf(called.name),
    arguments: plainOrText(called.arguments ?? called.parameters ?? called.input ?? called.args),
  };
}

function usageOf(chunk: JsonObject): TokenUsage | null {
  const usage = objectOf(chunk.usage);
  const prompt = countOf(usage.prompt_tokens) ?? countOf(chunk.prompt_eval_count);
  const completion = countOf(usage.completion_tokens) ?? countOf(chunk.eval_count);
  if (prompt === null || completion === null) return null;
  const cached = countOf(objectOf(usage.prompt_tokens_details).cached_tokens);
  const reasoning = countOf(objectOf(usage.completion_tokens_details).reasoning_tokens);
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    ...secondsOf(chunk),
    ...(cached === null ? {} : { cached_prompt_tokens: cached }),
    ...(reasoning === null ? {} : { reasoning_tokens: reasoning }),
  };
}

/** Times of reading and writing: llama-server's `timings` in milliseconds, or Ollama's durations in nanoseconds. */
function secondsOf(chunk: JsonObject): Pick<TokenUsage, "prompt_seconds" | "completion_seconds"> {
  const { prompt_ms, predicted_ms } = objectOf(chunk.timings);
  const prompt = secondsIn(prompt_ms, 1e3) ?? secondsIn(chunk.prompt_eval_duration, 1e9);
  const completion = secondsIn(predicted_ms, 1e3) ?? secondsIn(chunk.eval_duration, 1e9);
  return {
    ...(prompt === null ? {} : { prompt_seconds: prompt }),
    ...(completion === null ? {} : { completion_seconds: completion }),
  };
}

function secondsIn(value: unknown, unitsPerSecond: number): number | null {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value / unitsPerSecond : null;
}
