import { NanoAgentError } from "@nanoagent/models";
import type { Engine, EngineEvent, EngineRequest, ToolCall } from "../engines/engine.js";
import { checkEmbeddings } from "./check-embeddings.js";
import { endsInTime, sleep, withoutHang } from "./ends-in-time.js";

/** A test runner's function that takes a name and a body: `test` of Vitest, Jest or `node:test`. */
export type RegisterTest = (name: string, body: () => Promise<void>) => unknown;

export interface EngineTestOptions {
  /** Whether the engine enforces the tool choice `forced`. Default: false, since it may treat it as `auto`. */
  forcesCalls?: boolean | undefined;
}

/**
 * Registers the contract of {@link Engine} as tests. `open` creates a new engine for each test, ready to answer; the
 * test closes it.
 *
 * ```ts
 * import { test } from "vitest";
 * testEngine(() => new MyEngine(), test);
 * ```
 */
export function testEngine(
  open: () => Engine | Promise<Engine>,
  test: RegisterTest,
  options: EngineTestOptions = {},
): void {
  const withEngine = (name: string, body: (engine: Engine) => Promise<void>) =>
    test(`engine contract: ${name}`, async () => {
      const engine = await open();
      try {
        await body(engine);
      } finally {
        await engine.close();
      }
    });

  withEngine("states its name, its context and its other facts", async (engine) => {
    const { name, contextTokens, notices = [], callsTools = true } = engine;
    check(typeof name === "string" && name.length > 0, "the name is empty");
    check(contextTokens === null || isCount(contextTokens, 1), `contextTokens is ${contextTokens}`);
    check(
      Array.isArray(notices) && notices.every((notice) => typeof notice === "string" && notice !== ""),
      "notices are not a list of sentences",
    );
    check(typeof callsTools === "boolean", `callsTools is ${callsTools}`);
  });

  withEngine("a reply is text and then one end", async (engine) => {
    const events = await collect(engine, ask("hello"));
    checkSequence(events);
    check(textOf(events).length > 0, "the reply has no text");
    const reason = endOf(events);
    check(reason === "stop" || reason === "length", `the reply ended by ${reason}`);
  });

  withEngine("answers repeatedly", async (engine) => {
    for (const content of ["hello", "and again", "hello"]) checkSequence(await collect(engine, askBriefly(content)));
  });

  for (const [name, content] of Object.entries(oddMessages)) {
    withEngine(`accepts ${name}`, async (engine) => {
      checkSequence(await collect(engine, askBriefly(content)));
    });
  }

  withEngine("calls only tools that it was offered", async (engine) => {
    const events = await collect(engine, { ...askBriefly("How dry is bed 3?"), tools: [moisture] });
    checkSequence(events);
    checkCalls(engine, events);
  });

  withEngine("calls a tool if it is forced to, although none fits, before and after a result", async (engine) => {
    for (const messages of [
      [{ role: "user", content: "Tell me a joke." } as const],
      conversation.messages.slice(0, 3),
    ]) {
      const request = { instructions: null, messages, tools: [moisture], toolChoice: "forced" } as const;
      const events = await collect(engine, { ...request, sampling: { ...CERTAIN, maxTokens: 64 } });
      checkSequence(events);
      const calls = checkCalls(engine, events);
      if (options.forcesCalls !== true) continue;
      check(calls.length > 0, `it called no tool: ${describe(events)}`);
      for (const { arguments: input } of calls)
        check(isBed(JSON.stringify(input)), `the arguments break the tool's schema: ${JSON.stringify(input)}`);
    }
  });

  withEngine("accepts a conversation with instructions and tool results", async (engine) => {
    checkSequence(await collect(engine, conversation));
  });

  withEngine("does not modify the request, which may be frozen", async (engine) => {
    const before = JSON.stringify(conversation);
    checkSequence(await collect(engine, deepFreeze(JSON.parse(before))));
  });

  withEngine("follows a schema, or fails before any text", async (engine) => {
    const request = { ...ask("Name a bed as JSON."), responseSchema: moisture.inputSchema };
    const events = await collect(engine, { ...request, sampling: { ...CERTAIN, maxTokens: 64 } });
    checkSequence(events);
    const last = events.at(-1);
    if (last?.type === "error") {
      check(last.error.code === "schema-not-supported", `it failed with "${last.error.code}"`);
      check(textOf(events) === "", "it failed after it had begun to write");
    } else if (endOf(events) === "stop") {
      check(isBed(textOf(events)), `the reply breaks the schema: ${textOf(events)}`);
    }
  });

  withEngine("ends before a stop text", async (engine) => {
    const whole = textOf(await collect(engine, { ...ask("hello"), sampling: CERTAIN }));
    const characters = [...whole];
    const stop = characters.slice(characters.length / 2, characters.length / 2 + 2).join("");
    if (stop === "") return;
    const events = await collect(engine, { ...ask("hello"), sampling: { ...CERTAIN, stop: [stop] } });
    checkSequence(events);
    const text = textOf(events);
    check(!text.includes(stop), `the reply contains its stop text ${JSON.stringify(stop)}: ${text}`);
    check(whole.startsWith(text), `the same request got a different reply: ${text}`);
  });

  withEngine("gives the same reply to the same request with the same seed", async (engine) => {
    for (const sampling of [CERTAIN, { ...CERTAIN, temperature: 1 }]) {
      const request = { ...ask("hello"), sampling };
      const [first, second] = [textOf(await collect(engine, request)), textOf(await collect(engine, request))];
      check(first === second, `${JSON.stringify(first)} and then ${JSON.stringify(second)}`);
    }
  });

  withEngine("saves its state if it can, and answers afterwards", async (engine) => {
    checkSequence(await collect(engine, askBriefly("hello")));
    const bytes = (await engine.saveState?.()) ?? null;
    check(bytes === null || isCount(bytes, 1), `saveState returned ${bytes}`);
    checkSequence(await collect(engine, askBriefly("hello")));
  });

  withEngine("an already aborted signal ends the reply immediately", async (engine) => {
    const events = await endsInTime(async () => {
      const reply = collect(engine, ask("hello"), AbortSignal.abort());
      return { abortedAt: performance.now(), ended: reply };
    });
    check(events.length === 1 && endOf(events) === "abort", `got: ${describe(events)}`);
  });

  withEngine("an abort before the first event ends the reply", async (engine) => {
    const events = await endsInTime(async () => {
      const abort = new AbortController();
      const reply = collect(engine, ask("hello"), abort.signal);
      // Awaited below. Until then, a failure must not be unhandled.
      reply.catch(() => {});
      await sleep(1);
      abort.abort();
      return { abortedAt: performance.now(), ended: reply };
    });
    checkAborted(events);
  });

  withEngine("an abort in the middle ends the reply, and the engine is free", async (engine) => {
    const events = await endsInTime(async () => {
      const abort = new AbortController();
      const reply = engine.generate(ask("hello"), { signal: abort.signal })[Symbol.asyncIterator]();
      const { value, done } = await reply.next();
      abort.abort();
      return { abortedAt: performance.now(), ended: drain(reply, done ? [] : [value]) };
    });
    checkAborted(events);
    checkSequence(await collect(engine, askBriefly("hello")));
  });

  withEngine("a caller that stops reading aborts", async (engine) => {
    await endsInTime(async () => {
      const reply = engine.generate(ask("hello"))[Symbol.asyncIterator]();
      await reply.next();
      return { abortedAt: performance.now(), ended: reply.return?.().then(() => []) ?? Promise.resolve([]) };
    });
    checkSequence(await collect(engine, askBriefly("hello")));
  });

  withEngine("overlapping calls each get their own reply", async (engine) => {
    const requests = ["hello", "status please", "The pump of bed three has been loud since four this morning."].map(
      (content) => ({ ...ask(content), sampling: CERTAIN }),
    );
    const alone: string[] = [];
    for (const request of requests) alone.push(textOf(await collect(engine, request)));
    const together = await Promise.all(requests.map((request) => collect(engine, request)));
    for (const [index, events] of together.entries()) {
      checkSequence(events);
      const text = textOf(events);
      check(text.length > 0, "one of them has no text");
      check(
        text === alone[index],
        `alone it was ${JSON.stringify(alone[index])}, beside others ${JSON.stringify(text)}`,
      );
    }
  });

  withEngine("counts tokens", async (engine) => {
    check((await engine.countTokens("")) === 0, "an empty text has tokens");
    for (const text of ["a", " ", "hello world", "Grüße, 世界 🌍", "\u0000"]) {
      const tokens = await engine.countTokens(text);
      check(isCount(tokens, 1), `${JSON.stringify(text)} has ${tokens} tokens`);
      check(
        (await engine.countTokens(text)) === tokens,
        `${JSON.stringify(text)} is counted differently the second time`,
      );
    }
  });

  withEngine("returns vectors of texts if it can: of length 1, in order, the same for the same text", (engine) =>
    checkEmbeddings(engine, async () => checkSequence(await collect(engine, askBriefly("hello")))),
  );

  withEngine("close ends running replies, can be called twice, and is final", async (engine) => {
    const running = engine.generate(ask("hello"))[Symbol.asyncIterator]();
    await running.next();
    await withoutHang(Promise.all([engine.close(), drain(running)]));
    await withoutHang(engine.close());
    const events = await collect(engine, ask("hello"));
    const [event] = events;
    check(events.length === 1 && event?.type === "error", `a closed engine sent: ${describe(events)}`);
    check(event.error.code === "engine-closed", `a closed engine fails with "${event.error.code}"`);
  });
}

/** Enough for a reply with several parts. Limits a model that does not stop. */
const BRIEF = { maxTokens: 32 };
/** Sampling with reproducible replies. */
const CERTAIN = { temperature: 0, seed: 7, maxTokens: 16 };

const oddMessages = {
  "an empty message": "",
  "a message of white space": " \n\t ",
  "a message in many scripts": "Grüße 世界 🌍 مرحبا",
  "half a character": "\uD800 and \uDC00",
  "control characters": "\u0000\u0007\u001b[31mred",
};

const moisture = {
  name: "moisture",
  description: "Says how dry a bed is.",
  inputSchema: {
    type: "object",
    properties: { bed: { type: "integer", minimum: 1, maximum: 9 } },
    required: ["bed"],
    additionalProperties: false,
  },
};

const conversation: EngineRequest = {
  instructions: "You water the plants.",
  messages: [
    { role: "user", content: "how dry is bed 3" },
    { role: "assistant", content: "", tool_calls: [{ id: "1", name: "moisture", arguments: { bed: 3 } }] },
    { role: "tool", content: "12 %", tool_call_id: "1" },
    { role: "assistant", content: "Very dry." },
    { role: "user", content: "hello" },
  ],
  sampling: BRIEF,
};

function ask(content: string): EngineRequest {
  return { instructions: null, messages: [{ role: "user", content }] };
}

function askBriefly(content: string): EngineRequest {
  return { ...ask(content), sampling: BRIEF };
}

async function collect(engine: Engine, request: EngineRequest, signal?: AbortSignal): Promise<EngineEvent[]> {
  const events: EngineEvent[] = [];
  for await (const event of engine.generate(request, { signal })) events.push(event);
  return events;
}

/** Reads a reply to its end and returns its events, after those that have been read. */
async function drain(reply: AsyncIterator<EngineEvent>, events: EngineEvent[] = []): Promise<EngineEvent[]> {
  for (;;) {
    const { value, done } = await reply.next();
    if (done) return events;
    events.push(value);
  }
}

/** Checks the calls of a reply to a request with the tool {@link moisture}, and returns them. */
function checkCalls({ callsTools }: Engine, events: readonly EngineEvent[]): ToolCall[] {
  const calls = events.flatMap((event) => (event.type === "tool-call" ? [event.call] : []));
  check(callsTools !== false || calls.length === 0, "an engine with callsTools false called a tool");
  for (const { id, name } of calls) {
    check(name === moisture.name, `it called ${name}, which it was not offered`);
    check(id !== "", "a call has no id");
  }
  // A reply that was cut off has no calls.
  if (calls.length > 0) {
    const reason = endOf(events);
    check(reason === "tool-calls", `a reply with calls ended by ${reason}, not with the reason tool-calls`);
  }
  return calls;
}

/** Checks the events of an aborted reply. It may have been complete before the abort. */
function checkAborted(events: readonly EngineEvent[]): void {
  checkSequence(events);
  check(["abort", "stop", "length"].includes(endOf(events)), `got: ${describe(events)}`);
}

/** Checks the order of events: text and calls, at most one usage, one end or error, nothing after it. */
function checkSequence(events: readonly EngineEvent[]): void {
  const last = events.at(-1);
  check(last?.type === "end" || last?.type === "error", `no end: ${describe(events)}`);
  check(
    events.filter(({ type }) => type === "end" || type === "error").length === 1,
    `more than one end: ${describe(events)}`,
  );
  const usages = events.flatMap((event) => (event.type === "usage" ? [event.usage] : []));
  check(usages.length <= 1, `more than one usage: ${describe(events)}`);
  for (const figure of usages.flatMap((usage) => [usage.prompt_tokens, usage.completion_tokens])) {
    check(isCount(figure, 0), `a usage of ${figure} tokens`);
  }
  for (const event of events) {
    if (event.type === "text-delta") check(typeof event.text === "string", "a piece of text is not a string");
    if (event.type === "error") check(NanoAgentError.isInstance(event.error), "an error is not a NanoAgentError");
  }
}

function textOf(events: readonly EngineEvent[]): string {
  const from = events.findLastIndex(({ type }) => type === "text-retraction") + 1;
  return events.map((event, at) => (event.type === "text-delta" && at >= from ? event.text : "")).join("");
}

function endOf(events: readonly EngineEvent[]): string {
  const last = events.at(-1);
  return last?.type === "end" ? last.reason : describe(events);
}

function describe(events: readonly EngineEvent[]): string {
  return events.map((event) => event.type).join(", ") || "nothing";
}

/** Whether a text satisfies the schema of {@link moisture}. */
function isBed(text: string): boolean {
  try {
    const value: Record<string, unknown> = JSON.parse(text);
    const { bed } = value;
    return Object.keys(value).length === 1 && isCount(bed, 1) && bed <= 9;
  } catch {
    return false;
  }
}

function isCount(value: unknown, least: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least;
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === "object" && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze);
  return value;
}

function check(condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new Error(otherwise);
}
