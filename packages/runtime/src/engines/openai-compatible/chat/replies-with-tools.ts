import { NO_TOOL } from "../../../tool-calls/describe-tools.js";
import type { EngineEvent, EngineRequest, TokenUsage } from "../../engine.js";
import { sumUsage } from "../../sum-usage.js";
import type { RemoteServer } from "../server/remote-server.js";

/** Sends one request and yields the events of the reply. */
type Reply = (request: EngineRequest) => AsyncIterable<EngineEvent>;

/**
 * Whether a server can enforce a schema and still let the model call tools. Other servers apply the schema to every
 * reply, so the model cannot write a call.
 */
function takesBoth({ kind }: RemoteServer): boolean {
  return kind === "llama-server" || kind === "nanoagent";
}

/**
 * Yields the reply to a request. If the server cannot combine a schema with tools, sends two requests: the first with
 * the tools, whose text is dropped, and, if nothing was called, the second with the schema.
 */
export async function* replyWithTools(
  request: EngineRequest,
  server: RemoteServer,
  reply: Reply,
): AsyncGenerator<EngineEvent> {
  const { responseSchema, tools = [] } = request;
  if (responseSchema === undefined || tools.length === 0 || server.abilities.tools === false || takesBoth(server)) {
    yield* withoutNoTool(request, reply(request));
    return;
  }
  const usages: (TokenUsage | null)[] = [];
  let hasCalled = false;
  for await (const event of withoutNoTool(request, reply({ ...request, responseSchema: undefined }))) {
    hasCalled ||= event.type === "tool-call";
    if (event.type === "usage") usages.push(event.usage);
    else if (event.type === "end" && hasCalled) yield* endWith(event, usages);
    else if (event.type !== "text-delta" && event.type !== "end") yield event;
  }
  if (hasCalled) return;
  for await (const event of reply({ ...request, tools: undefined, toolChoice: undefined })) {
    if (event.type === "usage") usages.push(event.usage);
    else if (event.type === "end") yield* endWith(event, usages);
    else yield event;
  }
}

function* endWith(end: EngineEvent, usages: readonly (TokenUsage | null)[]): Generator<EngineEvent> {
  const usage = sumUsage(usages);
  if (usage !== null) yield { type: "usage", usage };
  yield end;
}

/** Drops calls of the do-nothing tool, unless the request has a tool of that name. */
async function* withoutNoTool(
  { tools = [], toolChoice }: EngineRequest,
  events: AsyncIterable<EngineEvent>,
): AsyncGenerator<EngineEvent> {
  const isOurs = toolChoice === "required" && !tools.some(({ name }) => name === NO_TOOL);
  let calls = 0;
  for await (const event of events) {
    if (isOurs && event.type === "tool-call" && event.call.name === NO_TOOL) continue;
    if (event.type === "tool-call") calls += 1;
    if (event.type === "end" && event.reason === "tool-calls" && calls === 0) yield { type: "end", reason: "stop" };
    else yield event;
  }
}
