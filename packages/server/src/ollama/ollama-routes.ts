import { ServiceError } from "../errors/service-error.js";
import type { HttpReply, HttpRequest, Route } from "../http/exchange.js";
import { jsonReply } from "../http/json-reply.js";
import { fieldOf, readBody, readFlag } from "../requests/request-fields.js";
import type { ServedAgent } from "../service/served-agent.js";
import { answerEvents } from "../turns/answer-events.js";
import { embedPrompt, embedTexts } from "./embed.js";
import { listRunning, listTags, showModel } from "./model-entries.js";
import { findModel } from "./model-name.js";
import { greeting, ollamaVersion } from "./ollama-version.js";
import { type ReplyRequest, readChatRequest, readGenerateRequest } from "./read-chat-request.js";
import { ReplyClock } from "./reply-figures.js";
import { chatForm, generateForm, type ReplyForm, ReplyLines } from "./reply-lines.js";
import { streamReply } from "./stream-reply.js";
import { wholeReply } from "./whole-reply.js";

/** Requests that change the models of a server. A service has those of its config. */
const changes: readonly (readonly [Route["method"], string, string])[] = [
  ["POST", "/api/create", "create models"],
  ["POST", "/api/copy", "copy models"],
  ["POST", "/api/push", "upload models"],
  ["DELETE", "/api/delete", "delete models"],
];

/** The route of `/`, which many clients look at. */
export const greetingRoute: Route = { method: "GET", path: "/", handle: () => text(greeting) };

/**
 * Returns the routes of Ollama's API except for {@link greetingRoute}, for clients that know no other. Handlers throw errors; {@link ollamaError} writes
 * them in this API's form.
 */
export function ollamaRoutes(served: ServedAgent): Route[] {
  return [
    { method: "GET", path: "/api/version", handle: () => jsonReply({ version: ollamaVersion(served.version) }) },
    { method: "GET", path: "/api/tags", handle: () => jsonReply(listTags(served)) },
    { method: "GET", path: "/api/ps", handle: () => jsonReply(listRunning(served)) },
    { method: "POST", path: "/api/show", handle: async (request) => jsonReply(await show(request, served)) },
    { method: "POST", path: "/api/pull", handle: (request) => pull(request, served) },
    { method: "POST", path: "/api/embed", handle: async (request) => jsonReply(await embedTexts(request, served)) },
    {
      method: "POST",
      path: "/api/embeddings",
      handle: async (request) => jsonReply(await embedPrompt(request, served)),
    },
    {
      method: "POST",
      path: "/api/chat",
      handle: async (request) => reply(request, served, await readChatRequest(request, served), chatForm),
    },
    {
      method: "POST",
      path: "/api/generate",
      handle: async (request) => reply(request, served, await readGenerateRequest(request, served), generateForm),
    },
    ...changes.map(([method, path, what]) => ({ method, path, handle: () => refuseChange(what) })),
  ];
}

async function reply(
  request: HttpRequest,
  served: ServedAgent,
  { ask, name, isStreamed, showsThinking }: ReplyRequest,
  form: ReplyForm,
): Promise<HttpReply> {
  const now = () => served.now();
  const lines = new ReplyLines({ name, form, showsThinking, clock: new ReplyClock(now), now });
  if (ask === null) return isStreamed ? jsonLines([lines.loaded()]) : jsonReply(lines.loaded());
  const events = answerEvents(served.answering, ask, request.signal);
  return isStreamed ? streamReply(events, lines) : wholeReply(events, lines);
}

async function show(request: HttpRequest, served: ServedAgent): Promise<object> {
  return showModel(findModel(served, readBody(await request.json())));
}

/** A model that is served is there already. Others are not downloaded. */
async function pull(request: HttpRequest, served: ServedAgent): Promise<HttpReply> {
  const body = readBody(await request.json());
  findModel(served, body);
  const done = { status: "success" };
  const isStreamed = fieldOf(body, "stream") === undefined || readFlag(body, "stream");
  return isStreamed ? jsonLines([done]) : jsonReply(done);
}

function refuseChange(what: string): never {
  throw ServiceError.invalid(
    null,
    `This service cannot ${what}.`,
    "Its models are those of the config of nanoagent serve; change the config, and reload the service.",
  );
}

function text(body: string): HttpReply {
  return { status: 200, headers: { "content-type": "text/plain; charset=utf-8" }, body };
}

function jsonLines(lines: readonly object[]): HttpReply {
  const body = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  return { status: 200, headers: { "content-type": "application/x-ndjson" }, body };
}
