import { eventStreamHeaders } from "../http/event-stream.js";
import type { HttpReply, HttpRequest, Route } from "../http/exchange.js";
import { jsonReply } from "../http/json-reply.js";
import type { ServedAgent } from "../service/served-agent.js";
import { answerEvents } from "../turns/answer-events.js";
import { startAnswer } from "../turns/start-answer.js";
import type { ReplyFacts } from "./chat-chunks.js";
import { embed } from "./embeddings.js";
import { listModels, showModel } from "./models.js";
import { nameSchemaField } from "./name-schema-field.js";
import { readChatRequest } from "./read-chat-request.js";
import { readResponseRequest } from "./read-response-request.js";
import { replyId } from "./reply-id.js";
import { ResponseEvents } from "./response-events.js";
import { writeChatReply } from "./write-chat-reply.js";
import { writeChatStream } from "./write-chat-stream.js";
import { writeResponse, writeResponseStream } from "./write-response.js";

export interface OpenaiOptions {
  /** Longest wait for the event that decides the status of a streamed reply. Default: a second. */
  statusMilliseconds?: number | undefined;
  /** Time without an event after which a stream gets a comment. Default: 15 seconds. */
  keepAliveMilliseconds?: number | undefined;
}

/**
 * Returns the routes of OpenAI's API, with and without `/v1`: the base addresses that clients are given differ. Errors
 * are thrown: `openaiError` makes replies of them.
 */
export function openaiRoutes(served: ServedAgent, options: OpenaiOptions = {}): Route[] {
  const routes: readonly Route[] = [
    { method: "GET", path: "/models", handle: () => jsonReply(listModels(served)) },
    { method: "GET", path: "/models/:id", handle: (_request, { id }) => jsonReply(showModel(served, id)) },
    { method: "POST", path: "/chat/completions", handle: (request) => complete(request, served, options) },
    { method: "POST", path: "/responses", handle: (request) => respond(request, served, options) },
    { method: "POST", path: "/embeddings", handle: async (request) => jsonReply(await embed(request, served)) },
  ];
  return routes.flatMap((route) => [{ ...route, path: `/v1${route.path}` }, route]);
}

async function complete(request: HttpRequest, served: ServedAgent, options: OpenaiOptions): Promise<HttpReply> {
  served.answering.checkPlace();
  const { ask, model, isStreamed, includesUsage } = await readChatRequest(request, served);
  const created = Math.floor(served.now() / 1000);
  const facts: ReplyFacts = { id: replyId("chatcmpl-"), created, model: model.id };
  const events = nameSchemaField(answerEvents(served.answering, ask, request.signal), ask, "response_format");
  if (!isStreamed) return jsonReply(await writeChatReply(events, facts));
  const started = await startAnswer(events, options);
  return {
    status: 200,
    headers: eventStreamHeaders,
    stream: (out) => writeChatStream(started, out, { facts, includesUsage, ...options }),
  };
}

async function respond(request: HttpRequest, served: ServedAgent, options: OpenaiOptions): Promise<HttpReply> {
  served.answering.checkPlace();
  const { ask, model, isStreamed, echoed } = await readResponseRequest(request, served);
  const created = Math.floor(served.now() / 1000);
  const response = new ResponseEvents({ id: replyId("resp_"), created, model: model.id, echoed });
  const events = nameSchemaField(answerEvents(served.answering, ask, request.signal), ask, "text.format");
  if (!isStreamed) return jsonReply(await writeResponse(events, response));
  const started = await startAnswer(events, options);
  return {
    status: 200,
    headers: eventStreamHeaders,
    stream: (out) => writeResponseStream(started, out, response, options),
  };
}
