import path from "node:path";
import type { Agent } from "@nanoagent/runtime";
import { ScriptedEngine } from "@nanoagent/runtime/testing";
import { describe, expect, test, vi } from "vitest";
import { EventLog } from "../../../src/triggers/events/event-log.js";
import { byHand, openTestAgent, openTestTriggers, testFolder, type Watering, waterTool } from "./open-test-triggers.js";

const soon = { timeout: 20_000 };
const rule = { maxEvents: 10, whenFull: "refuse", repeats: null } as const;

/** Writes the log of a program that was killed while the tool ran. */
async function cutOffAct(folder: string, { outcome = null }: { outcome?: string | null } = {}): Promise<string> {
  const log = await EventLog.open(folder);
  const acceptance = await log.add({ trigger: "dry-bed", at: Date.now(), payload: { bed: "tomatoes" } }, rule);
  const { id } = acceptance as { id: string };
  const act = { event: id, key: `${id}.do`, at: Date.now() } as const;
  const given = { bed: "tomatoes", minutes: 5 };
  await log.append({ ...act, type: "act", kind: "tool", tool: "water_bed", arguments: given, try: 1 });
  if (outcome !== null) await log.append({ ...act, type: "act-result", outcome, content: "It was watered before." });
  await log.close();
  return id;
}

describe("an act that was under way at a kill", () => {
  test.each([
    ["of a tool that reads", { changesWorld: false }, {}, "again"],
    ["of an idempotent tool", { idempotent: true }, {}, "again"],
    ["of an idempotent tool, whatever on_unknown says", { idempotent: true }, { on_unknown: "skip" }, "again"],
    ["of a tool that changes the world", {}, {}, "unknown"],
    ["with on_unknown: skip", {}, { on_unknown: "skip" }, "unknown"],
    ["with on_unknown: retry", {}, { on_unknown: "retry" }, "again"],
    ["with on_unknown: ask, and a yes", {}, { on_unknown: "ask", allows: true }, "again"],
    ["with on_unknown: ask, and a no", {}, { on_unknown: "ask" }, "unknown"],
  ] as const)(
    "%s",
    async (_name, tool, {
      allows = false,
      ...settings
    }: { allows?: boolean; on_unknown?: "ask" | "skip" | "retry" }, expected) => {
      const folder = path.join(testFolder(), "events");
      const id = await cutOffAct(folder);
      const calls: Watering[] = [];
      const agent = await openTestAgent([waterTool(calls, { ...tool, permission: "always" })]);
      const triggers = await openTestTriggers(agent, byHand(settings), { folder, allows });
      await vi.waitFor(() => expect(triggers.states[0]?.open).toBe(0), soon);
      expect(calls.map(({ key }) => key)).toEqual(expected === "again" ? [`${id}.do`] : []);
      expect(triggers.states[0]?.last).toMatchObject({ outcome: expected === "again" ? "done" : "unknown" });
      expect(triggers.unknownActs.map(({ event }) => event)).toEqual(expected === "again" ? [] : [id]);
      expect(triggers.questions).toHaveLength(settings.on_unknown === "ask" ? 1 : 0);
      if (settings.on_unknown === "ask") expect(triggers.questions[0]).toContain("may or may not have acted");
    },
  );

  test("whose tool is gone is unknown", async () => {
    const folder = path.join(testFolder(), "events");
    const id = await cutOffAct(folder);
    const agent = await openTestAgent([]);
    const triggers = await openTestTriggers(agent, byHand({ on_unknown: "retry" }), { folder });
    await vi.waitFor(() => expect(triggers.unknownActs).toMatchObject([{ event: id }]), soon);
  });
});

test("an act whose result is known is not run again, and its answer is given", async () => {
  const folder = path.join(testFolder(), "events");
  const id = await cutOffAct(folder, { outcome: "done" });
  const calls: Watering[] = [];
  const agent = await openTestAgent([waterTool(calls)]);
  const triggers = await openTestTriggers(agent, byHand({ then: { file: { path: path.join(folder, "answers") } } }), {
    folder,
  });
  await vi.waitFor(() => expect(triggers.states[0]?.open).toBe(0), soon);
  expect(calls).toEqual([]);
  expect(triggers.states[0]?.last).toMatchObject({ outcome: "done", result: "It was watered before." });
  expect(await triggers.ended(id)).toMatchObject({ outcome: "done" });
});

test("an act that failed before a restart is tried again when its time has come", async () => {
  const folder = path.join(testFolder(), "events");
  const id = await cutOffAct(folder, { outcome: "failed" });
  const log = await EventLog.open(folder);
  const at = Date.now();
  await log.append({ type: "try-failed", event: id, try: 1, problem: "The valve is stuck.", at, next_at: at + 300 });
  await log.close();
  const calls: Watering[] = [];
  const agent = await openTestAgent([waterTool(calls)]);
  const triggers = await openTestTriggers(agent, byHand(), { folder });
  expect(triggers.states[0]?.open).toBe(1);
  await vi.waitFor(() => expect(triggers.states[0]?.open).toBe(0), soon);
  expect(Date.now()).toBeGreaterThanOrEqual(at + 300);
  expect(calls.map(({ key }) => key)).toEqual([`${id}.do`]);
});

test("an act that is cut off again and again is unknown in the end", async () => {
  const folder = path.join(testFolder(), "events");
  const id = await cutOffAct(folder);
  const log = await EventLog.open(folder);
  const act = { event: id, key: `${id}.do`, kind: "tool", tool: "water_bed", arguments: {}, at: Date.now() } as const;
  for (let start = 2; start <= 20; start++) await log.append({ ...act, type: "act", try: start });
  await log.close();
  const calls: Watering[] = [];
  const agent = await openTestAgent([waterTool(calls, { idempotent: true })]);
  const triggers = await openTestTriggers(agent, byHand(), { folder });
  await vi.waitFor(() => expect(triggers.states[0]?.open).toBe(0), soon);
  expect(calls).toEqual([]);
  expect(triggers.states[0]?.last).toMatchObject({ outcome: "unknown" });
});

test("the model of a message that was cut off hears of the acts that were done", async () => {
  const folder = path.join(testFolder(), "events");
  const message = byHand({ do: { message: "The bed {payload.bed} is dry." } });
  const call = { id: "call00001", name: "water_bed", arguments: { bed: "tomatoes", minutes: 5 } };
  const calls: Watering[] = [];
  const tool = waterTool(calls);
  // The second step never ends, until the triggers close.
  const slow = { deltas: ["I", " think"], delayMilliseconds: 60_000 };
  const first = await openTestTriggers(await openTestAgent([tool], [{ calls: [call] }, slow]), message, { folder });
  const { id } = await first.run("dry-bed", { payload: { bed: "tomatoes" } });
  await vi.waitFor(() => expect(calls).toHaveLength(1), soon);
  await first.close();
  const engine = new ScriptedEngine([{ calls: [call] }, "Done."]);
  const second = await openTestTriggers(await openTestAgent([tool], engine), message, { folder });
  expect(await second.ended(id)).toMatchObject({ outcome: "done", result: "Done." });
  expect(calls).toHaveLength(1);
  expect(engine.requests[0]?.messages[0]?.content).toBe(
    'The bed tomatoes is dry.\n\nAlready done for this message; do not repeat it:\n- water_bed {"bed":"tomatoes","minutes":5}: Watered.',
  );
}, 30_000);

test.each([
  ["a tool that changes the world", {}],
  ["an idempotent tool, too", { idempotent: true }],
])("a message whose answer is known, and an act of it is not, is unknown: %s", async (_name, options) => {
  const folder = path.join(testFolder(), "events");
  const log = await EventLog.open(folder);
  const { id } = (await log.add({ trigger: "dry-bed", at: Date.now(), payload: null }, rule)) as { id: string };
  const whole = { event: id, key: `${id}.do`, at: Date.now() } as const;
  const call = { event: id, key: `${id}.1`, at: Date.now() } as const;
  await log.append({ ...whole, type: "act", kind: "message", tool: null, arguments: {}, try: 1 });
  await log.append({ ...call, type: "act", kind: "tool", tool: "water_bed", arguments: {}, try: 1 });
  await log.append({ ...call, type: "act-result", outcome: "timed-out", content: "It did not end." });
  await log.append({ ...whole, type: "act-result", outcome: "done", content: "I tried." });
  await log.close();
  const calls: Watering[] = [];
  const agent = await openTestAgent([waterTool(calls, options)]);
  const triggers = await openTestTriggers(agent, byHand({ do: { message: "The bed is dry." } }), { folder });
  expect(await triggers.ended(id)).toMatchObject({ outcome: "unknown" });
  expect(triggers.unknownActs).toHaveLength(1);
  expect(calls).toEqual([]);
});

describe("close", () => {
  test("waits for an act that ends soon", async () => {
    const calls: Watering[] = [];
    let end = (_answer: string) => {};
    const act = () => new Promise<string>((resolve) => (end = resolve));
    const agent = await openTestAgent([waterTool(calls, { act })]);
    const triggers = await openTestTriggers(agent, byHand());
    const { id } = await triggers.run("dry-bed", { payload: { bed: "tomatoes" } });
    await triggers.run("dry-bed", { payload: { bed: "beans" } });
    await vi.waitFor(() => expect(calls).toHaveLength(1), soon);
    const closing = triggers.close();
    end("Watered.");
    await closing;
    const again = await openTestTriggers(await openTestAgent([waterTool(calls)]), byHand(), {
      folder: triggers.folder,
    });
    await vi.waitFor(() => expect(again.states[0]?.open).toBe(0), soon);
    expect(calls.map(({ bed }) => bed)).toEqual(["tomatoes", "beans"]);
    expect(again.unknownActs).toEqual([]);
    await expect(again.ended(id)).rejects.toMatchObject({ code: "event-unknown" });
  });

  test("aborts an act that does not end, and later starts list it", async () => {
    const calls: Watering[] = [];
    const act = () => new Promise<string>(() => {});
    const agent = await openTestAgent([waterTool(calls, { act })]);
    const triggers = await openTestTriggers(agent, byHand());
    const { id } = await triggers.run("dry-bed", { payload: { bed: "tomatoes" } });
    await vi.waitFor(() => expect(calls).toHaveLength(1), soon);
    await triggers.close();
    const again = await openTestTriggers(await openTestAgent([waterTool(calls)]), byHand(), {
      folder: triggers.folder,
    });
    await vi.waitFor(() => expect(again.unknownActs).toMatchObject([{ event: id }]), soon);
    expect(calls).toHaveLength(1);
  }, 30_000);

  test("does not wait for an agent that is being replaced, nor for a failed try", async () => {
    const act = () => {
      throw new Error("The valve is stuck.");
    };
    const agent = await openTestAgent([waterTool([], { act })]);
    const waiting = {
      use: <T>(signal: AbortSignal, _act: (open: Agent) => Promise<T>) =>
        new Promise<T>((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
      ask: async () => false,
    };
    const failing = await openTestTriggers(agent, byHand());
    const replaced = await openTestTriggers(agent, byHand(), { agent: waiting });
    for (const triggers of [failing, replaced]) {
      await triggers.run("dry-bed", { payload: { bed: "tomatoes" } });
    }
    await vi.waitFor(() => expect(failing.states[0]?.status).toBe("failing"), soon);
    const began = performance.now();
    await Promise.all([failing.close(), replaced.close()]);
    expect(performance.now() - began).toBeLessThan(4000);
  });
});
