import type { EngineEvent, EngineRequest } from "@nanoagent/runtime";
import {
  type OpenAiCompatibleEngine,
  type OpenAiCompatibleOptions,
  openOpenAiCompatibleEngine,
} from "@nanoagent/runtime/engines/openai-compatible";
import { onTestFinished } from "vitest";
import { type Answer, type FakeServer, sendJson, startServer } from "./fake-server.js";

export interface Opened {
  engine: OpenAiCompatibleEngine;
  server: FakeServer;
}

/** Opens an engine on a fake server. Both close when the test ends. */
export async function openOn(
  answer: Answer,
  { path = "", ...options }: Partial<OpenAiCompatibleOptions> & { path?: string } = {},
): Promise<Opened> {
  const server = await startServer(answer);
  const engine = await openOpenAiCompatibleEngine({ url: server.url + path, ...options, timeouts: quick(options) });
  onTestFinished(() => engine.close());
  return { engine, server };
}

/** Returns the error of opening an engine on this server. */
export async function failToOpen(answer: Answer, options: Partial<OpenAiCompatibleOptions> = {}): Promise<unknown> {
  const server = await startServer(answer);
  return failToOpenAt(server.url, options);
}

export async function failToOpenAt(url: string, options: Partial<OpenAiCompatibleOptions> = {}): Promise<unknown> {
  try {
    const engine = await openOpenAiCompatibleEngine({ url, ...options, timeouts: quick(options) });
    await engine.close();
  } catch (error) {
    return error;
  }
  throw new Error("it was opened");
}

/** A server with one model that responds to chats with `reply`. */
export function replying(reply: Answer): Answer {
  return (request, response) => {
    if (request.url === "/v1/models") return sendJson(response, { data: [{ id: "m" }] });
    if (request.url === "/v1/chat/completions") return reply(request, response);
    return sendJson(response, { detail: "Not Found" }, 404);
  };
}

function quick({ timeouts }: Partial<OpenAiCompatibleOptions>) {
  return { retryMilliseconds: 1, ...timeouts };
}

export function ask(content: string, rest: Partial<EngineRequest> = {}): EngineRequest {
  return { instructions: null, messages: [{ role: "user", content }], ...rest };
}

export async function collect(events: AsyncIterable<EngineEvent>): Promise<EngineEvent[]> {
  const all: EngineEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

export function textOf(events: readonly EngineEvent[]): string {
  return events.map((event) => (event.type === "text-delta" ? event.text : "")).join("");
}
