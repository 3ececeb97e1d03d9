import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test, vi } from "vitest";
import { EventLog } from "../../../src/triggers/events/event-log.js";
import { type LoggedEvent, readEventLog } from "../../../src/triggers/events/read-event-log.js";
import { fastClock } from "./fast-clock.js";
import { byHand, openTestAgent, openTestTriggers, testFolder, type Watering, waterTool } from "./open-test-triggers.js";

const soon = { timeout: 20_000 };

async function logOf(folder: string): Promise<LoggedEvent[]> {
  const events: LoggedEvent[] = [];
  for await (const event of readEventLog(folder)) events.push(event);
  return events;
}

const tomatoes = { payload: { bed: "tomatoes" } };

describe("a tool", () => {
  test("gets arguments of the event, and the log has the whole story", async () => {
    const folder = testFolder();
    const calls: Watering[] = [];
    const agent = await openTestAgent([waterTool(calls)]);
    const settings = byHand({
      if: { value: "payload.percent", below: 30 },
      then: { file: { path: "answers.jsonl" } },
    });
    const triggers = await openTestTriggers(agent, settings, { configFolder: folder });
    const { id } = await triggers.run("dry-bed", { payload: { bed: "tomatoes", percent: 12 } });
    const ended = await triggers.ended(id);
    expect(ended).toMatchObject({ id, trigger: "dry-bed", outcome: "done", tries: 1, result: "Watered." });
    expect(calls).toEqual([{ bed: "tomatoes", minutes: 5, key: `${id}.do`, trigger: "dry-bed" }]);
    expect(JSON.parse(readFileSync(path.join(folder, "answers.jsonl"), "utf8"))).toEqual({
      event: id,
      trigger: "dry-bed",
      at: expect.stringMatching(/Z$/),
      answer: "Watered.",
    });
    expect(triggers.states).toMatchObject([
      { name: "dry-bed", status: "armed", problem: null, open: 0, oldest_open_at: null, counts: { added: 1, done: 1 } },
    ]);
    await triggers.close();
    expect(await logOf(triggers.folder)).toMatchObject([
      {
        event: { id, payload: { bed: "tomatoes", percent: 12 } },
        conditions: { verdict: "met" },
        acts: [{ key: `${id}.do`, tool: "water_bed", outcome: "done", content: "Watered.", arguments: { minutes: 5 } }],
        answers: [{ index: 0, problem: null }],
        outcome: "done",
        tries: 1,
      },
    ]);
  });

  test("does not run when a condition does not hold", async () => {
    const calls: Watering[] = [];
    const agent = await openTestAgent([waterTool(calls)]);
    const triggers = await openTestTriggers(agent, byHand({ if: { value: "payload.percent", below: 30 } }));
    const { id } = await triggers.run("dry-bed", { payload: { bed: "tomatoes", percent: 50 } });
    expect(await triggers.ended(id)).toMatchObject({ outcome: "not-met", tries: 0 });
    expect(calls).toEqual([]);
    expect(triggers.states).toMatchObject([{ last: null, counts: { not_met: 1 } }]);
  });

  test.each([
    ["a missing value", byHand(), { payload: { percent: 3 } }, "payload.bed is missing in the event"],
    ["an unknown tool", byHand({ do: { tool: "feed_cat" } }), tomatoes, 'There is no tool named "feed_cat".'],
    ["invalid arguments", byHand({ do: { tool: "water_bed", arguments: {} } }), tomatoes, "must have the property"],
    ["a tool that may not run", byHand(), { payload: { bed: "forbidden" } }, "was not allowed to run"],
  ])("fails at once for %s, and shows as failing until the next success", async (_name, settings, event, problem) => {
    const isForbidden = event.payload !== tomatoes.payload && "bed" in event.payload;
    const calls: Watering[] = [];
    const agent = await openTestAgent([waterTool(calls, isForbidden ? { permission: "ask" } : {})]);
    const triggers = await openTestTriggers(agent, [settings, byHand({ name: "other" })]);
    const { id } = await triggers.run("dry-bed", event);
    const ended = await triggers.ended(id);
    expect(ended.outcome).toBe("failed");
    expect(ended.result).toContain(problem);
    expect(calls).toEqual([]);
    expect(triggers.states[0]).toMatchObject({ status: "failing", counts: { failed: 1 } });
    expect(triggers.states[0]?.problem).toContain(problem);
    expect(triggers.states[1]).toMatchObject({ status: "armed" });
    expect(triggers.problems).toMatchObject([{ code: "trigger-failing", trigger: "dry-bed" }]);
    expect(triggers.notices).toMatchObject([{ level: "error", trigger: "dry-bed" }]);
  });

  test("asks where its permission is ask, and runs when somebody allows it", async () => {
    const calls: Watering[] = [];
    const agent = await openTestAgent([waterTool(calls, { permission: "ask" })]);
    const triggers = await openTestTriggers(agent, byHand(), { allows: true });
    const { id } = await triggers.run("dry-bed", tomatoes);
    expect(await triggers.ended(id)).toMatchObject({ outcome: "done" });
    expect(triggers.questions).toEqual(["Waters a bed."]);
    expect(calls).toHaveLength(1);
  });

  test("that fails is tried again under the same key, and the trigger recovers", async () => {
    const calls: Watering[] = [];
    const act = () => {
      if (calls.length === 1) throw new Error("the valve is stuck");
      return "Watered.";
    };
    const agent = await openTestAgent([waterTool(calls, { act })]);
    const clock = fastClock();
    const triggers = await openTestTriggers(agent, byHand(), { clock });
    const { id } = await triggers.run("dry-bed", tomatoes);
    expect(await triggers.ended(id)).toMatchObject({ outcome: "done", tries: 2 });
    const message = expect.stringMatching(/the valve is stuck\. It is tried again\.$/);
    expect(triggers.notices).toEqual([{ level: "warning", trigger: "dry-bed", message }]);
    expect(calls.map(({ key }) => key)).toEqual([`${id}.do`, `${id}.do`]);
    expect(triggers.states[0]).toMatchObject({ status: "armed", problem: null });
  });

  test("that always fails fails after the tries of the settings", async () => {
    const calls: Watering[] = [];
    const act = () => {
      throw new Error("The valve is stuck.");
    };
    const agent = await openTestAgent([waterTool(calls, { act })]);
    const triggers = await openTestTriggers(agent, byHand({ tries: 3 }), { clock: fastClock() });
    const { id } = await triggers.run("dry-bed", tomatoes);
    expect(await triggers.ended(id)).toMatchObject({ outcome: "failed", tries: 3 });
    expect(new Set(calls.map(({ key }) => key)).size).toBe(1);
  });

  test("that does not end in time is unknown, if it changes the world", async () => {
    const calls: Watering[] = [];
    const agent = await openTestAgent([
      waterTool(calls, { act: () => new Promise(() => {}), timeoutMilliseconds: 50 }),
    ]);
    const triggers = await openTestTriggers(agent, byHand());
    const { id } = await triggers.run("dry-bed", tomatoes);
    expect(await triggers.ended(id)).toMatchObject({ outcome: "unknown" });
    expect(triggers.unknownActs).toMatchObject([{ trigger: "dry-bed", event: id, key: `${id}.do`, tool: "water_bed" }]);
    expect(calls).toHaveLength(1);
    await triggers.close();
    const again = await openTestTriggers(agent, byHand(), { folder: triggers.folder });
    expect(again.unknownActs).toMatchObject([{ event: id, key: `${id}.do` }]);
    expect(again.states[0]).toMatchObject({ status: "failing", counts: { unknown: 1 } });
  });

  test("events of a trigger are done in their order, and triggers do not wait for each other", async () => {
    const calls: Watering[] = [];
    const held = holdAnswer();
    const act = ({ bed }: Watering) => (bed === "first" ? held.promise : "Watered.");
    const agent = await openTestAgent([waterTool(calls, { act })]);
    const triggers = await openTestTriggers(agent, [byHand(), byHand({ name: "other" })]);
    const first = await triggers.run("dry-bed", { payload: { bed: "first" } });
    const second = await triggers.run("dry-bed", { payload: { bed: "second" } });
    const other = await triggers.run("other", { payload: { bed: "other" } });
    await triggers.ended(other.id);
    expect(calls.map(({ bed }) => bed)).toEqual(["first", "other"]);
    expect(triggers.states[0]).toMatchObject({ open: 2 });
    held.resolve("Watered.");
    await Promise.all([first, second].map(({ id }) => triggers.ended(id)));
    expect(calls.map(({ bed }) => bed)).toEqual(["first", "other", "second"]);
  });
});

describe("a sentence", () => {
  const intents = {
    definitions: [{ name: "water", sentences: ["water the {bed}"], tool: "water_bed" }],
    slots: { bed: ["tomatoes", "beans"] },
  };

  test("is answered by an intent, never by the model", async () => {
    const calls: Watering[] = [];
    const agent = await openTestAgent([waterTool(calls)], ["I am the model."], { intents });
    const triggers = await openTestTriggers(agent, byHand({ do: { sentence: "water the {payload.bed}" } }));
    const { id } = await triggers.run("dry-bed", tomatoes);
    expect(await triggers.ended(id)).toMatchObject({ outcome: "done", result: "Watered." });
    expect(calls).toMatchObject([{ bed: "tomatoes", trigger: "dry-bed" }]);
    expect(calls[0]?.key).toMatch(new RegExp(`^${id}\\.[0-9a-f]{16}$`));
    const other = await triggers.run("dry-bed", { payload: { bed: "cat" } });
    expect(await triggers.ended(other.id)).toMatchObject({
      outcome: "failed",
      tries: 1,
      result: "The sentence matches no intent.",
    });
  });

  test("whose tool fails is tried again", async () => {
    const calls: Watering[] = [];
    const act = () => {
      if (calls.length < 2) throw new Error("The valve is stuck.");
      return "Watered.";
    };
    const agent = await openTestAgent([waterTool(calls, { act })], ["I am the model."], { intents });
    const triggers = await openTestTriggers(agent, byHand({ do: { sentence: "water the {payload.bed}" } }), {
      clock: fastClock(),
    });
    const { id } = await triggers.run("dry-bed", tomatoes);
    expect(await triggers.ended(id)).toMatchObject({ outcome: "done", tries: 2 });
    expect(new Set(calls.map(({ key }) => key)).size).toBe(1);
  });
});

describe("a message", () => {
  const call = { id: "call00001", name: "water_bed", arguments: { bed: "tomatoes", minutes: 5 } };

  test("is answered by the model, and the same call is one act", async () => {
    const calls: Watering[] = [];
    const replies = [
      { calls: [call] },
      { calls: [{ ...call, arguments: '{"minutes":"5","bed":"tomatoes"}' }] },
      "Done.",
    ];
    const agent = await openTestAgent([waterTool(calls)], replies);
    const triggers = await openTestTriggers(agent, byHand({ do: { message: "The bed {payload.bed} is dry." } }));
    const { id } = await triggers.run("dry-bed", tomatoes);
    expect(await triggers.ended(id)).toMatchObject({ outcome: "done", result: "Done." });
    expect(calls).toHaveLength(1);
    expect(calls[0]?.key).toMatch(new RegExp(`^${id}\\.[0-9a-f]{16}$`));
  });

  test("with a tool that does not end in time is unknown, whatever the model says", async () => {
    const calls: Watering[] = [];
    const tool = waterTool(calls, { act: () => new Promise(() => {}), timeoutMilliseconds: 50 });
    const agent = await openTestAgent([tool], [{ calls: [call] }, "Done."]);
    const triggers = await openTestTriggers(agent, byHand({ do: { message: "The bed {payload.bed} is dry." } }));
    const { id } = await triggers.run("dry-bed", tomatoes);
    expect(await triggers.ended(id)).toMatchObject({ outcome: "unknown" });
    expect(triggers.unknownActs).toMatchObject([{ event: id, tool: "water_bed" }]);
  });
});

describe("a queue", () => {
  test("refuses events when it is full, and says so", async () => {
    const held = holdAnswer();
    const agent = await openTestAgent([waterTool([], { act: () => held.promise })]);
    const triggers = await openTestTriggers(agent, byHand({ queue: { max_events: 2 } }));
    const { id } = await triggers.run("dry-bed", tomatoes);
    await triggers.run("dry-bed", tomatoes);
    await expect(triggers.run("dry-bed", tomatoes)).rejects.toMatchObject({
      code: "event-refused",
      reason: "Its queue is full.",
    });
    expect(triggers.problems).toMatchObject([{ code: "events-full", trigger: "dry-bed" }]);
    held.resolve("Watered.");
    await triggers.ended(id);
    await triggers.run("dry-bed", tomatoes);
    expect(triggers.problems).toEqual([]);
  });

  test("drops events that waited longer than max_age", async () => {
    const folder = path.join(testFolder(), "events");
    const calls: Watering[] = [];
    mkdirSync(folder);
    const log = await EventLog.open(folder);
    const rule = { maxEvents: 10, whenFull: "refuse", repeats: null } as const;
    const now = Date.now();
    for (const at of [now - 3_600_000, now, 0]) {
      await log.add({ trigger: "dry-bed", at, payload: { bed: `at ${at === 0 ? "1970" : now - at}` } }, rule);
    }
    await log.close();
    const agent = await openTestAgent([waterTool(calls)]);
    const triggers = await openTestTriggers(agent, byHand({ queue: { max_age: "10m" } }), { folder });
    await vi.waitFor(() => expect(triggers.states[0]).toMatchObject({ open: 0, counts: { done: 2 } }), soon);
    // A clock that was not set says nothing about the age of an event.
    expect(calls.map(({ bed }) => bed)).toEqual(["at 0", "at 1970"]);
  });

  test("counts events with the same id once, and equal readings twice", async () => {
    const calls: Watering[] = [];
    const agent = await openTestAgent([waterTool(calls)]);
    const triggers = await openTestTriggers(agent, [byHand(), byHand({ name: "all", dedupe: "off" })]);
    const withId = { payload: { id: 7, bed: "tomatoes" } };
    const first = await triggers.run("dry-bed", withId);
    expect(await triggers.run("dry-bed", withId)).toEqual({ id: first.id, isRepeated: true });
    const events = [first, await triggers.run("dry-bed", tomatoes), await triggers.run("dry-bed", tomatoes)];
    events.push(await triggers.run("all", withId), await triggers.run("all", withId));
    // Each sensor counts its own messages.
    events.push(await triggers.run("dry-bed", { ...withId, topic: "garden/2" }));
    await Promise.all(events.map(({ id }) => triggers.ended(id)));
    expect(calls).toHaveLength(6);
  });
});

test("unknown and disabled triggers are refused, and events of removed triggers end", async () => {
  const agent = await openTestAgent([waterTool([])]);
  const folder = path.join(testFolder(), "events");
  const log = await EventLog.open(folder);
  const rule = { maxEvents: 10, whenFull: "refuse", repeats: null } as const;
  await log.add({ trigger: "gone", at: Date.now(), payload: null }, rule);
  await log.close();
  const triggers = await openTestTriggers(agent, byHand({ enabled: false }), { folder });
  await expect(triggers.run("dry-bed")).rejects.toMatchObject({ code: "trigger-unknown" });
  await expect(triggers.run("wet-bed")).rejects.toMatchObject({ code: "trigger-unknown" });
  await expect(triggers.ended("0")).rejects.toMatchObject({ code: "event-unknown" });
  expect(triggers.states).toMatchObject([{ status: "off", problem: null }]);
  await triggers.close();
  await triggers.close();
  expect(await logOf(folder)).toMatchObject([{ event: { trigger: "gone" }, outcome: "orphaned" }]);
});

/** A promise that the test resolves. */
function holdAnswer() {
  let resolve: (answer: string) => void = () => {};
  const promise = new Promise<string>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
