import { cutText } from "@nanoagent/models";
import { cleanText } from "../tool-result-text.js";
import { AnswerReader } from "./answer-reader.js";
import type { AskedRequests, WireMessage } from "./read-messages.js";

/** Time limit for reading the body of a refusal, which may contain the reason. */
const MAX_REFUSAL_MILLISECONDS = 2000;
/** Most characters of an invalid answer that are quoted. */
const MAX_QUOTED_CHARACTERS = 200;

/** Marks errors that were created here. Errors of servers only keep their code and message. */
export const NO_ANSWER = crypto.randomUUID();

/** Returns the request in an HTTP body, or an empty map where it needs no answer. */
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
 * Converts an HTTP answer to events of one message each, as {@link AnswerReader} reads them. The request always gets an
 * answer: if none arrives, it is an error that is marked with {@link NO_ANSWER} and quotes the received text.
 */
export function tolerantResponse(response: Response, asked: AskedRequests): Response {
  return eventsOf(messagesIn(response, asked), response.headers);
}

/** Returns the answer that an HTTP refusal may contain, and the beginning of its text. */
export async function readRefusal(
  response: Response,
  asked: AskedRequests,
): Promise<{ answer: Response | null; said: string }> {
  // A message without an id is not about this call.
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
    // The text received so far explains the refusal.
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
