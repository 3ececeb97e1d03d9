import { cutText } from "@nanoagent/models";
import { cleanText } from "../tool-result-text.js";
import { AnswerReader } from "./answer-reader.js";
import type { AskedRequests, WireMessage } from "./read-messages.js";

/** The time that the body of a refusal may take to say why. */
const MAX_REFUSAL_MILLISECONDS = 2000;
/** The part of an answer that is quoted where it is none. */
const MAX_QUOTED_CHARACTERS = 200;

/** Marks an error that was made here and not by a server, of whose errors only code and message are kept. */
export const NO_ANSWER = crypto.randomUUID();

/** The request that a body of HTTP asks; empty for one that wants no answer. */
export function askedBy(body: unknown): AskedRequests {
  try {
    const message = JSON.parse(String(body)) as WireMessage;
    const isRequest = message.id !== undefined && message.method !== undefined;
    return new Map(isRequest ? [[String(message.id), message]] : []);
  } catch {
    return new Map();
  }
}

/**
 * An answer over HTTP as events of one message each, as {@link AnswerReader} reads them. The request is always answered: at
 * an end without an answer, by an error that is marked by {@link NO_ANSWER} and quotes what came.
 */
export function tolerantResponse(response: Response, asked: AskedRequests): Response {
  return eventsOf(messagesIn(response, asked), response.headers);
}

/** The answer that a refusal by HTTP holds all the same, or else the beginning of what it says. */
export async function readRefusal(
  response: Response,
  asked: AskedRequests,
): Promise<{ answer: Response | null; said: string }> {
  // What has no id is of the server, and not of this call.
  const answers = new AnswerReader(asked, { takesErrorsWithoutId: false });
  const messages: WireMessage[] = [];
  const body = response.body?.getReader();
  const timer = setTimeout(() => void body?.cancel().catch(() => {}), MAX_REFUSAL_MILLISECONDS);
  try {
    for (let next = await body?.read(); next?.value !== undefined && !answers.hasAnswered; next = await body?.read()) {
      messages.push(...answers.push(next.value));
    }
    messages.push(...answers.end());
  } catch {
    // What came until then says why.
  } finally {
    clearTimeout(timer);
    void body?.cancel().catch(() => {});
  }
  return { answer: answers.hasAnswered ? eventsOf(messages, response.headers) : null, said: answers.said };
}

async function* messagesIn(response: Response, asked: AskedRequests): AsyncGenerator<WireMessage> {
  const answers = new AnswerReader(asked);
  const body = response.body?.getReader();
  let broken: unknown;
  try {
    for (let next = await body?.read(); next?.value !== undefined; next = await body?.read()) {
      yield* answers.push(next.value);
    }
    yield* answers.end();
  } catch (error) {
    broken = error;
  } finally {
    void body?.cancel().catch(() => {});
  }
  if (answers.hasAnswered) return;
  const reason = broken instanceof Error ? broken.message : noAnswer(response, answers.said);
  for (const { id } of asked.values()) {
    yield { jsonrpc: "2.0", id, error: { code: -32603, message: reason, data: NO_ANSWER } } as WireMessage;
  }
}

function noAnswer({ status, headers }: Response, said: string): string {
  const quote = cleanText(said).replace(/\s+/gu, " ").trim();
  if (quote === "") return `it answered ${status} without an answer`;
  const type = headers.get("content-type");
  return `its answer (${type === null ? "no" : cutText(cleanText(type), 50)} content type) is not of the protocol: ${cutText(quote, MAX_QUOTED_CHARACTERS)}`;
}

function eventsOf(messages: AsyncIterable<WireMessage> | Iterable<WireMessage>, given: Headers): Response {
  const headers = new Headers(given);
  headers.set("content-type", "text/event-stream");
  headers.delete("content-length");
  const encoder = new TextEncoder();
  const source = (async function* () {
    for await (const message of messages) yield encoder.encode(`data: ${JSON.stringify(message)}\n\n`);
  })();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await source.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: () => void source.return(undefined).catch(() => {}),
  });
  return new Response(body, { status: 200, headers });
}
