import { NanoAgentError } from "@nanoagent/models";
import { ABORT_GRACE_MILLISECONDS, type Engine, type EngineEvent, type EngineRequest } from "../engines/engine.js";

/** A test runner's function that takes a name and a body: `test` of Vitest, Jest or `node:test`. */
export type RegisterTest = (name: string, body: () => Promise<void>) => unknown;

/** Timers of a busy machine come late; what an engine has to do in time is given this much more. */
const TIMER_SLACK_MILLISECONDS = 2000;

/**
 * The contract of {@link Engine} as tests: registers one for each of its promises. `open` makes a new engine for each
 * test, ready to answer; the test closes it.
 *
 * ```ts
 * import { test } from "vitest";
 * testEngine(() => new MyEngine(), test);
 * ```
 */
export function testEngine(open: () => Engine | Promise<Engine>, test: RegisterTest): void {
  const withEngine = (name: string, body: (engine: Engine) => Promise<void>) =>
    test(`engine contract: ${name}`, async () => {
      const engine = await open();
      try {
        await body(engine);
      } finally {
        await engine.close();
      }
    });

  withEngine("has a name, and a context that is null or a whole number", async (engine) => {
    check(engine.name.length > 0, "the name is empty");
    const { contextTokens } = engine;
    check(
      contextTokens === null || (Number.isSafeInteger(contextTokens) && contextTokens > 0),
      `contextTokens is ${contextTokens}`,
    );
  });

  withEngine("a reply is text and then one end", async (engine) => {
    const events = await collect(engine, ask("hello"));
    checkSequence(events);
    check(textOf(events).length > 0, "the reply has no text");
    const reason = endOf(events);
    check(reason === "stop" || reason === "length", `the reply ended by ${reason}`);
  });

  withEngine("answers again and again", async (engine) => {
    for (const content of ["hello", "and again", "hello"]) checkSequence(await collect(engine, askBriefly(content)));
  });

  for (const [name, content] of Object.entries(oddMessages)) {
    withEngine(`takes ${name}`, async (engine) => {
      checkSequence(await collect(engine, askBriefly(content)));
    });
  }

  withEngine("calls no tools but those that it is told of", async (engine) => {
    const events = await collect(engine, { ...askBriefly("How dry is bed 3?"), tools: [moisture] });
    checkSequence(events);
    const calls = events.flatMap((event) => (event.type === "tool-call" ? [event.call] : []));
    check(engine.callsTools !== false || calls.length === 0, "an engine that calls no tools called one");
    for (const { id, name } of calls) {
      check(name === moisture.name, `it called ${name}, which it was not told of`);
      check(id !== "", "a call has no id");
    }
    // One that was cut off has made none.
    const last = events.at(-1);
    if (calls.length > 0)
      check(last?.type === "end" && last.reason === "tool-calls", "a reply with calls ended otherwise");
  });

  withEngine("takes a conversation with instructions and tool results", async (engine) => {
    checkSequence(await collect(engine, conversation));
  });

  withEngine("neither changes the request nor needs it to be changeable", async (engine) => {
    const before = JSON.stringify(conversation);
    checkSequence(await collect(engine, deepFreeze(JSON.parse(before))));
  });

  withEngine("a signal that has aborted already ends the reply at once", async (engine) => {
    const events = await withinGrace(() => collect(engine, ask("hello"), AbortSignal.abort()));
    check(events.length === 1 && endOf(events) === "abort", `came: ${describe(events)}`);
  });

  withEngine("an abort in the middle ends the reply, and the engine is free", async (engine) => {
    const abort = new AbortController();
    const events: EngineEvent[] = [];
    await withinGrace(async () => {
      for await (const event of engine.generate(ask("hello"), { signal: abort.signal })) {
        events.push(event);
        abort.abort();
      }
    });
    checkSequence(events);
    // An engine whose reply was complete with its first piece has nothing left to abort.
    check(["abort", "stop", "length"].includes(endOf(events)), `came: ${describe(events)}`);
    checkSequence(await withinGrace(() => collect(engine, askBriefly("hello"))));
  });

  withEngine("a caller that stops reading has aborted", async (engine) => {
    await withinGrace(async () => {
      for await (const _ of engine.generate(ask("hello"))) break;
    });
    checkSequence(await collect(engine, askBriefly("hello")));
  });

  withEngine("overlapping calls each get a whole reply", async (engine) => {
    const replies = await Promise.all(
      ["hello", "hello", "hello"].map((content) => collect(engine, askBriefly(content))),
    );
    for (const events of replies) {
      checkSequence(events);
      check(textOf(events).length > 0, "one of them has no text");
    }
  });

  withEngine("counts tokens", async (engine) => {
    check((await engine.countTokens("")) === 0, "an empty text has tokens");
    for (const text of ["a", " ", "hello world", "Grüße, 世界 🌍", "\u0000"]) {
      const tokens = await engine.countTokens(text);
      check(Number.isSafeInteger(tokens) && tokens >= 1, `${JSON.stringify(text)} has ${tokens} tokens`);
      check(
        (await engine.countTokens(text)) === tokens,
        `${JSON.stringify(text)} is counted differently the second time`,
      );
    }
  });

  withEngine("close ends what runs, may be called twice, and is final", async (engine) => {
    const running = engine.generate(ask("hello"))[Symbol.asyncIterator]();
    await running.next();
    await withinGrace(async () => {
      await Promise.all([engine.close(), drain(running)]);
      await engine.close();
    });
    const events = await collect(engine, ask("hello"));
    const [event] = events;
    check(events.length === 1 && event?.type === "error", `a closed engine sent: ${describe(events)}`);
    check(event.error.code === "engine-closed", `a closed engine fails with "${event.error.code}"`);
  });
}

/** Enough for a reply to have parts; a model that has lost its thread need not be waited for. */
const BRIEF = { maxTokens: 32 };

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

async function drain(events: AsyncIterator<EngineEvent>): Promise<void> {
  while (!(await events.next()).done);
}

/** Text and calls, at most one usage, one end or error, nothing after it. */
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
    check(Number.isSafeInteger(figure) && figure >= 0, `a usage of ${figure} tokens`);
  }
  for (const event of events) {
    if (event.type === "text-delta") check(typeof event.text === "string", "a piece of text is no string");
    if (event.type === "error") check(NanoAgentError.isInstance(event.error), "an error that is no NanoAgentError");
  }
}

function textOf(events: readonly EngineEvent[]): string {
  return events.map((event) => (event.type === "text-delta" ? event.text : "")).join("");
}

function endOf(events: readonly EngineEvent[]): string {
  const last = events.at(-1);
  return last?.type === "end" ? last.reason : describe(events);
}

function describe(events: readonly EngineEvent[]): string {
  return events.map((event) => event.type).join(", ") || "nothing";
}

async function withinGrace<Value>(body: () => Promise<Value>): Promise<Value> {
  const limit = ABORT_GRACE_MILLISECONDS + TIMER_SLACK_MILLISECONDS;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${limit} ms`)), limit);
  });
  try {
    return await Promise.race([body(), late]);
  } finally {
    clearTimeout(timer);
  }
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === "object" && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze);
  return value;
}

function check(condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new Error(otherwise);
}
