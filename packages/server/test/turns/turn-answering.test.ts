import { type Agent, defineTool, type Engine, openAgent } from "@nanoagent/runtime";
import { ScriptedEngine } from "@nanoagent/runtime/testing";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { PermissionDesk } from "../../src/permissions/permission-desk.js";
import type { AnswerEvent, Ask } from "../../src/turns/ask.js";
import { TurnAnswering, type TurnAnsweringOptions } from "../../src/turns/turn-answering.js";
import { askOf, ChatClient, callerTools, callsOf, eventsOf, textOf, user } from "./chat-client.js";
import { LookupEngine, lookup } from "./lookup-engine.js";

const device = { device_id: "d", platform: "linux-aarch64", memory_mb: 512, cpu_cores: 2 };
const water = defineTool({ name: "water", description: "Waters.", run: () => "watered" });
const config = { spec: { name: "house", capabilities: ["lookup", "water"] }, device };

interface Opened {
  agent: Agent;
  answering: TurnAnswering;
  desk: PermissionDesk;
}

async function open(engine: Engine, options: TurnAnsweringOptions = {}): Promise<Opened> {
  const agent = await openAgent(config, { engine, tools: [lookup, { ...water, permission: "ask" } as never] });
  const desk = new PermissionDesk({ askSeconds: 60 });
  const answering = new TurnAnswering(agent, desk, options);
  onTestFinished(async () => {
    vi.useRealTimers();
    await answering.close();
    await agent.close();
  });
  return { agent, answering, desk };
}

/** An engine that answers when it is told to. */
class HeldEngine extends LookupEngine {
  readonly held: (() => void)[] = [];
  isHolding = true;

  override async *generate(...[request, options]: Parameters<LookupEngine["generate"]>) {
    if (this.isHolding) {
      await new Promise<void>((resolve) => {
        this.held.push(resolve);
        options?.signal?.addEventListener("abort", () => resolve());
      });
    }
    yield* super.generate(request, options);
  }

  async hasAsked(count: number): Promise<void> {
    await vi.waitFor(() => expect(this.held).toHaveLength(count), { timeout: 20_000 });
  }

  letGo(): void {
    this.isHolding = false;
    for (const answer of this.held.splice(0)) answer();
  }
}

const ask = (text: string, changes: Partial<Ask> = {}) => askOf([user(text)], changes);
const never = new AbortController().signal;
const lastOf = (events: readonly AnswerEvent[]) => events.at(-1);

afterEach(() => void vi.useRealTimers());

describe("the queue", () => {
  test("takes 16 requests besides the one that is answered, and refuses a further one", async () => {
    const engine = new HeldEngine();
    const { answering } = await open(engine);
    const taken = Array.from({ length: 17 }, (_, number) => eventsOf(answering, ask(`${number}`)));
    await engine.hasAsked(1);
    await expect(answering.answer(ask("too much"), never)).rejects.toMatchObject({
      code: "queue-full",
      status: 429,
      type: "rate_limit_error",
      retrySeconds: 1,
    });
    expect(answering.running + answering.waiting).toBe(17);
    engine.letGo();
    expect((await Promise.all(taken)).map((events) => lastOf(events)?.type)).toEqual(Array(17).fill("run-end"));
    expect([answering.running, answering.waiting]).toEqual([0, 0]);
    expect(lastOf(await eventsOf(answering, ask("again")))?.type).toBe("run-end");
  });

  test("counts a turn as running while it has the engine or a tool", async () => {
    const engine = new HeldEngine();
    const { answering, desk } = await open(
      new ScriptedEngine([{ calls: [{ id: "1", name: "water", arguments: {} }] }, "ok"]),
    );
    let letIn: (allow: boolean) => void = () => {};
    desk.attach(({ id }) => {
      letIn = (allow) => desk.answer(id, allow);
    });
    const first = eventsOf(answering, ask("water"));
    await vi.waitFor(() => expect(desk.waiting).toHaveLength(1), { timeout: 20_000 });
    expect([answering.running, answering.waiting]).toEqual([1, 0]);
    letIn(true);
    await first;
    const other = await open(engine);
    const turns = ["one", "two", "three"].map((text) => eventsOf(other.answering, ask(text)));
    await engine.hasAsked(1);
    await vi.waitFor(() => expect([other.answering.running, other.answering.waiting]).toEqual([1, 2]), {
      timeout: 20_000,
    });
    engine.letGo();
    await Promise.all(turns);
    expect([other.answering.running, other.answering.waiting]).toEqual([0, 0]);
  });

  test("tells to try again after the mean length of recent turns, without the waits between them", async () => {
    let time = 0;
    const engine = new HeldEngine();
    const { answering } = await open(engine, { now: () => time });
    const taken = Array.from({ length: 2 }, (_, number) => eventsOf(answering, ask(`${number}`)));
    for (const _ of taken) {
      await engine.hasAsked(1);
      time += 20_000;
      engine.held.shift()?.();
      await vi.waitFor(() => expect(answering.running).toBe(taken.length - time / 20_000), { timeout: 20_000 });
    }
    await Promise.all(taken);
    const more = Array.from({ length: 17 }, (_, number) => eventsOf(answering, ask(`${number}`)));
    await expect(answering.answer(ask("too much"), never)).rejects.toMatchObject({ retrySeconds: 20 });
    await engine.hasAsked(1);
    engine.letGo();
    await Promise.all(more);
  });

  test("is free of a request whose client leaves before it is read", async () => {
    const { answering } = await open(new ScriptedEngine());
    const controller = new AbortController();
    const stream = await answering.answer(ask("hello"), controller.signal);
    expect(answering.waiting).toBe(1);
    controller.abort();
    expect(answering.waiting).toBe(0);
    expect(await stream.next()).toMatchObject({ value: { type: "error", error: { code: "aborted" } } });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    await expect(answering.answer(ask("hello"), controller.signal)).rejects.toMatchObject({ code: "aborted" });
  });

  test("is free when a reader returns before it reads", async () => {
    const { answering } = await open(new ScriptedEngine());
    const stream = await answering.answer(ask("hello"), never);
    await stream.return();
    expect(answering.waiting).toBe(0);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  test("is free when the last event exists, even if its reader pauses", async () => {
    const { answering } = await open(new ScriptedEngine(["hi"]));
    const stream = await answering.answer(ask("hello"), never);
    for (let type = ""; type !== "run-end"; ) type = (await stream.next()).value?.type ?? "";
    expect(answering.running).toBe(0);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });
});

describe.each(["agent", "model"] as const)("an abort of the %s", (target) => {
  test("ends the reply, and the engine is free for the next", async () => {
    const engine = new ScriptedEngine([{ deltas: Array(1000).fill("word "), delayMilliseconds: 20 }, "done"]);
    const { answering } = await open(engine);
    const controller = new AbortController();
    const events: AnswerEvent[] = [];
    let abortedAt = 0;
    for await (const event of await answering.answer(ask("go", { target }), controller.signal)) {
      events.push(event);
      if (event.type === "text-delta" && abortedAt === 0) {
        abortedAt = performance.now();
        controller.abort();
      }
    }
    // The whole reply would take 20 s.
    expect(performance.now() - abortedAt).toBeLessThan(10_000);
    expect(lastOf(events)).toMatchObject({ type: "error", error: { code: "aborted" } });
    expect(answering.running).toBe(0);
    expect(textOf(await eventsOf(answering, ask("next", { target })))).toBe("done");
  });

  test("ends a turn that nobody reads any longer", async () => {
    const engine = new ScriptedEngine([{ deltas: Array(1000).fill("word "), delayMilliseconds: 5 }, "done"]);
    const { answering } = await open(engine);
    const controller = new AbortController();
    const stream = await answering.answer(ask("go", { target }), controller.signal);
    for (let type = ""; type !== "text-delta"; ) type = (await stream.next()).value?.type ?? "";
    controller.abort();
    await vi.waitFor(() => expect(answering.running).toBe(0), { timeout: 20_000 });
    expect(await stream.next()).toMatchObject({ value: { type: "error", error: { code: "aborted" } } });
    expect((await stream.next()).done).toBe(true);
    expect(textOf(await eventsOf(answering, ask("next", { target })))).toBe("done");
  });

  test("ends a turn whose reader stops", async () => {
    const engine = new ScriptedEngine([{ deltas: Array(1000).fill("word "), delayMilliseconds: 5 }, "done"]);
    const { answering } = await open(engine);
    for await (const event of await answering.answer(ask("go", { target }), never)) {
      if (event.type === "text-delta") break;
    }
    expect(answering.running).toBe(0);
    expect(textOf(await eventsOf(answering, ask("next", { target })))).toBe("done");
  });

  test("ends a request that waits", async () => {
    const engine = new HeldEngine();
    const { answering } = await open(engine);
    const changes = { target, conversationIds: ["c"] };
    const first = eventsOf(answering, ask("first", changes));
    await engine.hasAsked(1);
    const controller = new AbortController();
    const second = eventsOf(answering, ask("second", changes), controller.signal);
    controller.abort();
    expect(lastOf(await second)).toMatchObject({ error: { code: "aborted" } });
    engine.letGo();
    expect(lastOf(await first)?.type).toBe("run-end");
  });
});

test("an aborted reply stays in the conversation as far as it was shown", async () => {
  const engine = new ScriptedEngine([{ deltas: ["One ", "two ", "three"], delayMilliseconds: 20 }, "done"]);
  const { answering } = await open(engine);
  const controller = new AbortController();
  const events: AnswerEvent[] = [];
  for await (const event of await answering.answer(ask("go", { conversationIds: ["c"] }), controller.signal)) {
    events.push(event);
    if (event.type === "text-delta") controller.abort();
  }
  const client = new ChatClient(answering, { conversationIds: ["c"] });
  client.history = [user("go"), { role: "assistant", content: textOf(events) }];
  await client.say("and?");
  expect(engine.requests[1]?.messages.map(({ content }) => content)).toEqual(["go", "One ", "and?"]);
});

describe("while the agent is replaced", () => {
  test("running turns end, new ones wait, and conversations continue with the new agent", async () => {
    const engine = new HeldEngine();
    const { agent, answering } = await open(engine);
    const client = new ChatClient(answering);
    const first = client.say("look it up");
    await engine.hasAsked(1);
    let isPaused = false;
    const pausing = answering.pause().then(() => {
      isPaused = true;
    });
    const waiting = eventsOf(answering, ask("hello"));
    expect(isPaused).toBe(false);
    expect([answering.running, answering.waiting]).toEqual([1, 1]);
    engine.letGo();
    await first;
    await pausing;
    await agent.close();
    const next = new LookupEngine();
    const other = await openAgent(config, { engine: next, tools: [lookup] });
    onTestFinished(() => other.close());
    expect(next.requests).toHaveLength(0);
    answering.resume(other);
    expect(lastOf(await waiting)?.type).toBe("run-end");
    await client.say("and now?");
    expect(next.requests.at(-1)?.messages.map(({ role }) => role)).toEqual([
      "user",
      "assistant",
      "tool",
      "assistant",
      "user",
    ]);
  });

  test("a request that waits can be aborted", async () => {
    const { agent, answering } = await open(new ScriptedEngine());
    await answering.pause();
    const controller = new AbortController();
    const waiting = eventsOf(answering, ask("hello"), controller.signal);
    await Promise.resolve();
    controller.abort();
    expect(lastOf(await waiting)).toMatchObject({ error: { code: "aborted" } });
    answering.resume(agent);
    expect(lastOf(await eventsOf(answering, ask("hello")))?.type).toBe("run-end");
  });
});

describe("while the service stops", () => {
  test("new turns are refused, and running ones end", async () => {
    const engine = new HeldEngine();
    const { answering } = await open(engine);
    const running = eventsOf(answering, ask("first"));
    await engine.hasAsked(1);
    const draining = answering.drain();
    await expect(answering.answer(ask("second"), never)).rejects.toMatchObject({
      code: "service-stopping",
      status: 503,
      retrySeconds: 5,
    });
    engine.letGo();
    await draining;
    expect(lastOf(await running)?.type).toBe("run-end");
  });

  test("turns that take too long are aborted, and say so", async () => {
    const engine = new HeldEngine();
    const { answering } = await open(engine);
    const running = [eventsOf(answering, ask("first")), eventsOf(answering, ask("second", { target: "model" }))];
    await engine.hasAsked(1);
    await answering.drain(30);
    for (const events of await Promise.all(running)) {
      expect(lastOf(events)).toMatchObject({ type: "error", error: { code: "service-stopping" } });
    }
    expect(answering.running).toBe(0);
  });

  test("turns that nobody reads do not delay it", async () => {
    const engine = new ScriptedEngine([{ deltas: Array(100).fill("word "), delayMilliseconds: 5 }]);
    const { answering } = await open(engine);
    const stream = await answering.answer(ask("first"), never);
    for (let type = ""; type !== "text-delta"; ) type = (await stream.next()).value?.type ?? "";
    await answering.answer(ask("second"), never);
    await answering.drain(10);
    expect([answering.running, answering.waiting]).toEqual([0, 0]);
    expect((await stream.next()).value).toMatchObject({ error: { code: "service-stopping" } });
  });

  test("requests that wait for another agent are refused at once", async () => {
    const { answering } = await open(new ScriptedEngine());
    await answering.pause();
    const waiting = eventsOf(answering, ask("hello"));
    const unread = await answering.answer(ask("later"), never);
    await Promise.resolve();
    const draining = answering.drain(50);
    expect(lastOf(await waiting)).toMatchObject({ error: { code: "service-stopping" } });
    expect((await unread.next()).value).toMatchObject({ error: { code: "service-stopping" } });
    await draining;
  });
});

describe("permission", () => {
  const call = { calls: [{ id: "c1", name: "water", arguments: {} }] };
  const resultOf = (events: readonly AnswerEvent[]) => events.find(({ type }) => type === "tool-result");

  test("is an event of the reply for a client that can answer", async () => {
    const { answering, desk } = await open(new ScriptedEngine([call, "done"]));
    const events: AnswerEvent[] = [];
    for await (const event of await answering.answer(ask("water", { mayAskClient: true }), never)) {
      events.push(event);
      if (event.type === "permission") expect(desk.answer(event.id, true)).toBe(true);
    }
    expect(events.find(({ type }) => type === "permission")).toMatchObject({ request: { tool: "water" }, seconds: 60 });
    expect(resultOf(events)).toMatchObject({ content: "watered", is_error: false });
    expect(lastOf(events)?.type).toBe("run-end");
  });

  test("is refused at once for any other client", async () => {
    const { answering } = await open(new ScriptedEngine([call, "done"]));
    const events = await eventsOf(answering, ask("water"));
    expect(events.some(({ type }) => type === "permission")).toBe(false);
    expect(resultOf(events)).toMatchObject({ is_error: true });
    expect(lastOf(events)?.type).toBe("run-end");
  });

  test("is given by somebody else who is there", async () => {
    const { answering, desk } = await open(new ScriptedEngine([call, "done"]));
    desk.attach(({ id }) => void desk.answer(id, true));
    expect(resultOf(await eventsOf(answering, ask("water")))).toMatchObject({ content: "watered" });
  });

  test("is refused when the client leaves", async () => {
    const { answering, desk } = await open(new ScriptedEngine([call, "done"]));
    const controller = new AbortController();
    const events: AnswerEvent[] = [];
    for await (const event of await answering.answer(ask("water", { mayAskClient: true }), controller.signal)) {
      events.push(event);
      if (event.type === "permission") controller.abort();
    }
    expect(desk.waiting).toEqual([]);
    expect(lastOf(events)).toMatchObject({ error: { code: "aborted" } });
  });
});

describe("the model alone", () => {
  test("gets the request as it is, and gives the same events", async () => {
    const calls = [
      { id: "", name: "switch_light", arguments: { on: true } },
      { id: "x", name: "switch_light", arguments: {} },
      { id: "x", name: "switch_light", arguments: {} },
    ];
    const engine = new ScriptedEngine([{ deltas: ["One ", "moment."], calls }]);
    const { answering } = await open(engine);
    const sampling = { maxTokens: 5, stop: ["never"] };
    const changes = { target: "model", callerTools: { ...callerTools, choice: "required" }, sampling } as const;
    const list = [
      { role: "system", content: "Be brief." } as const,
      user("one"),
      { role: "assistant", content: "1" } as const,
    ];
    const events = await eventsOf(answering, askOf([...list, user("light")], changes));
    expect(engine.requests[0]).toMatchObject({
      instructions: "Be brief.",
      messages: [{ content: "one" }, { content: "1" }, { role: "user", content: "light" }],
      sampling,
      tools: callerTools.tools,
      toolChoice: "forced",
    });
    expect(events.map(({ type }) => type)).toEqual([
      "run-start",
      "text-delta",
      "text-delta",
      "tool-call",
      "tool-call",
      "tool-call",
      "step-end",
      "run-end",
    ]);
    expect(events[3]).toMatchObject({ type: "tool-call", for_caller: true });
    expect(lastOf(events)).toMatchObject({ reason: "tool-calls", reply: { content: "One moment." } });
    expect(new Set(callsOf(events).map(({ id }) => id)).size).toBe(3);
    expect(answering.conversations.open).toBe(0);
  });

  test("gets the results of calls", async () => {
    const engine = new ScriptedEngine(["on"]);
    const { answering } = await open(engine);
    const tool_calls = [{ id: "c1", name: "switch_light", arguments: {} }];
    const list = [user("light"), { role: "assistant" as const, content: "", tool_calls }];
    await eventsOf(
      answering,
      askOf([...list, { role: "tool", content: "ok", tool_call_id: "c1" }], { target: "model" }),
    );
    expect(engine.requests[0]?.messages).toMatchObject([
      {},
      { tool_calls },
      { role: "tool", content: "ok", tool_call_id: "c1" },
    ]);
  });

  test("fails if a call is required and does not come", async () => {
    const { answering } = await open(new ScriptedEngine(["no"]));
    const changes = { target: "model", callerTools: { ...callerTools, choice: "required" } } as const;
    expect(lastOf(await eventsOf(answering, ask("light", changes)))).toMatchObject({ error: { code: "call-missing" } });
  });

  test("passes on the engine's error", async () => {
    const engine = new LookupEngine();
    const { answering } = await open(engine);
    expect(lastOf(await eventsOf(answering, ask("fail", { target: "model" })))).toMatchObject({
      error: { code: "engine-closed" },
    });
    expect(answering.running).toBe(0);
  });
});

test("an agent that was closed gives an error, and its place in the queue is free", async () => {
  const { agent, answering } = await open(new ScriptedEngine());
  const client = new ChatClient(answering);
  await client.say("hello");
  await agent.close();
  expect(lastOf(await client.say("hello"))).toMatchObject({ type: "error", error: { code: "not-loaded" } });
  expect(lastOf(await eventsOf(answering, ask("hello")))).toMatchObject({
    type: "error",
    error: { code: "not-loaded" },
  });
  expect([answering.running, answering.waiting]).toEqual([0, 0]);
});

test("instructions, tools, sampling and the schema of a request reach the engine", async () => {
  const engine = new ScriptedEngine(['{"on":true}']);
  const { answering } = await open(engine);
  const responseSchema = { type: "object", properties: { on: { type: "boolean" } } };
  const changes = { instructions: "It is noon.", callerTools, sampling: { maxTokens: 7 }, responseSchema };
  await eventsOf(answering, ask("light", changes));
  expect(engine.requests[0]).toMatchObject({
    instructions: "It is noon.",
    responseSchema,
    sampling: { maxTokens: 7 },
    tools: [{ name: "switch_light" }, { name: "lookup" }, { name: "water" }],
  });
});

describe("work besides the turns", () => {
  test("uses the agent without a place in the queue, and keeps it from being replaced", async () => {
    const { agent, answering } = await open(new ScriptedEngine());
    let finish = () => {};
    const held = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const working = answering.use(never, async (used) => {
      await held;
      return used === agent;
    });
    expect([answering.running, answering.waiting]).toEqual([0, 0]);
    let isPaused = false;
    const pausing = answering.pause().then(() => {
      isPaused = true;
    });
    // Work that comes now waits for the next agent.
    let used: unknown = null;
    const later = answering.use(never, async (given) => {
      used = given;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect([isPaused, used]).toEqual([false, null]);
    finish();
    expect(await working).toBe(true);
    await pausing;
    expect(used).toBeNull();
    const next = { ...agent } as Agent;
    answering.resume(next);
    await later;
    expect(used).toBe(next);
    answering.resume(agent);
  });

  test("that waits ends with its signal, and none begins while the service stops", async () => {
    const { answering } = await open(new ScriptedEngine());
    await answering.pause();
    const controller = new AbortController();
    const work = vi.fn(async () => {});
    const waiting = answering.use(controller.signal, work);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: "aborted" });
    const refused = answering.use(never, work);
    const ended = expect(refused).rejects.toMatchObject({ code: "service-stopping" });
    await answering.drain(0);
    await ended;
    await expect(answering.use(never, work)).rejects.toMatchObject({ code: "service-stopping" });
    expect(work).not.toHaveBeenCalled();
  });

  test("may fail, and the agent is free again", async () => {
    const { answering } = await open(new ScriptedEngine());
    await expect(answering.use(never, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    await answering.pause();
  });
});
