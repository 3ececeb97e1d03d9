import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { TriggerSettings } from "@nanoagent/models";
import type { ToolRunOptions } from "@nanoagent/runtime";
import { describe, expect, test, vi } from "vitest";
import { EventLog } from "../../../src/triggers/events/event-log.js";
import { readEventLog } from "../../../src/triggers/events/read-event-log.js";
import { fastClock } from "./fast-clock.js";
import { byHand, openTestAgent, openTestTriggers, testFolder, type Watering, waterTool } from "./open-test-triggers.js";

const soon = { timeout: 20_000 };
const rule = { maxEvents: 10, whenFull: "refuse", repeats: null } as const;
const tomatoes = { payload: { bed: "tomatoes" } };
const hostileServer = fileURLToPath(new URL("../../../../runtime/test/tools/mcp/hostile-server.mjs", import.meta.url));

/** Writes the log of a program that was killed while a tool ran, a given time ago. */
async function cutOffAct(
  folder: string,
  { outcome = null, ago = 0, trigger = "dry-bed" }: { outcome?: string | null; ago?: number; trigger?: string } = {},
): Promise<string> {
  const log = await EventLog.open(folder);
  const at = Date.now() - ago;
  const { id } = (await log.add({ trigger, at, payload: { bed: "tomatoes" } }, rule)) as { id: string };
  const act = { event: id, key: `${id}.do`, at } as const;
  await log.append({ ...act, type: "act", kind: "tool", tool: "water_bed", arguments: { bed: "tomatoes" }, try: 1 });
  if (outcome !== null) await log.append({ ...act, type: "act-result", outcome, content: "Watered before." });
  await log.close();
  return id;
}

async function endsOf(folder: string) {
  const ends: unknown[] = [];
  for await (const { outcome, result } of readEventLog(folder)) ends.push([outcome, result]);
  return ends;
}

/** A run of a tool that ends when it is aborted. */
const untilAborted = (_input: Watering, { signal }: ToolRunOptions) =>
  new Promise<string>((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

describe("a call that is cut off is unknown, and is not repeated", () => {
  test("when its server ends", async () => {
    const file = path.join(testFolder(), "pids");
    const command = [process.execPath, hostileServer, "dies-at-call", file];
    const spec = { name: "garden", capabilities: ["house"] };
    const agent = await openTestAgent([], ["Yes."], {
      spec,
      mcp_servers: { house: { command, permission: "always" } },
    });
    const settings = byHand({ do: { tool: "house_do", arguments: {} } });
    const triggers = await openTestTriggers(agent, settings, { clock: fastClock() });
    const { id } = await triggers.run("dry-bed", tomatoes);
    const { outcome, result } = await triggers.ended(id);
    expect([outcome, result]).toEqual([
      "unknown",
      "The tool house_do was cut off, because its program or its server ended, and may or may not have acted.",
    ]);
    expect(triggers.unknownActs).toMatchObject([{ event: id, tool: "house_do" }]);
    expect(readFileSync(file, "utf8").trim().split("\n")).toHaveLength(1);
  });

  test.each([
    ["kill -9 $$", "unknown", 1],
    ["exit 3", "failed", 2],
  ])("when its command ends by %s: %s", async (end, outcome, calls) => {
    const file = path.join(testFolder(), "calls");
    const command = ["sh", "-c", `echo x >> ${file}; ${end}`];
    const tools = [{ name: "water", description: "Waters.", command, permission: "always" }];
    const spec = { name: "garden", capabilities: ["water"] };
    const agent = await openTestAgent([], ["Yes."], { spec, tools });
    const settings = byHand({ do: { tool: "water", arguments: {} }, tries: 2 });
    const triggers = await openTestTriggers(agent, settings, { clock: fastClock() });
    const { id } = await triggers.run("dry-bed", tomatoes);
    expect(await triggers.ended(id)).toMatchObject({ outcome });
    expect(readFileSync(file, "utf8").trim().split("\n")).toHaveLength(calls);
  });
});

describe("a call that does not end in time", () => {
  const hangs = { act: () => new Promise(() => {}), timeoutMilliseconds: 50 };

  test.each([
    ["retry", "idempotent", { idempotent: true }],
    ["retry", "other", {}],
    ["ask", "other", {}],
  ] as const)("is unknown after its last try: on_unknown %s, %s tool", async (on_unknown, _name, own) => {
    const calls: Watering[] = [];
    const agent = await openTestAgent([waterTool(calls, { ...hangs, ...own })]);
    const triggers = await openTestTriggers(agent, byHand({ on_unknown, tries: 1 }), { clock: fastClock() });
    const { id } = await triggers.run("dry-bed", tomatoes);
    expect(await triggers.ended(id)).toMatchObject({ outcome: "unknown" });
    expect(calls).toHaveLength(1);
    expect(triggers.unknownActs).toMatchObject([{ event: id }]);
  });

  test("is failed if it only reads", async () => {
    const agent = await openTestAgent([waterTool([], { ...hangs, changesWorld: false })]);
    const triggers = await openTestTriggers(agent, byHand({ tries: 1 }), { clock: fastClock() });
    const { id } = await triggers.run("dry-bed", tomatoes);
    expect(await triggers.ended(id)).toMatchObject({ outcome: "failed" });
    expect(triggers.unknownActs).toEqual([]);
  });

  test("is tried again only after a yes where on_unknown is ask", async () => {
    const calls: Watering[] = [];
    const act = () => (calls.length === 1 ? new Promise(() => {}) : "Watered.");
    // A function that ignores its signal is not called again until it has ended, so this one heeds it.
    const heeds = (input: Watering, options: ToolRunOptions) =>
      calls.length === 1 ? untilAborted(input, options) : act();
    const agent = await openTestAgent([waterTool(calls, { act: heeds, timeoutMilliseconds: 50 })]);
    const triggers = await openTestTriggers(agent, byHand({ on_unknown: "ask" }), { clock: fastClock(), allows: true });
    const { id } = await triggers.run("dry-bed", tomatoes);
    expect(await triggers.ended(id)).toMatchObject({ outcome: "done" });
    expect(triggers.questions).toMatchObject([expect.stringContaining("did not end in time")]);
    expect(calls).toHaveLength(2);
  });

  test("may be followed by a failure, and is not forgotten", async () => {
    const calls: Watering[] = [];
    const act = (input: Watering, options: ToolRunOptions) => {
      if (calls.length === 1) return untilAborted(input, options);
      throw new Error("The valve is stuck.");
    };
    const agent = await openTestAgent([waterTool(calls, { act, timeoutMilliseconds: 50 })]);
    const settings = byHand({ on_unknown: "retry", tries: 2 });
    const triggers = await openTestTriggers(agent, settings, { clock: fastClock() });
    const { id } = await triggers.run("dry-bed", tomatoes);
    expect(await triggers.ended(id)).toMatchObject({ outcome: "unknown" });
    expect(calls).toHaveLength(2);
  });
});

describe("no other end hides an act whose result is not known", () => {
  test.each(["skip", "ask", "retry"] as const)("not that the event is too old: on_unknown %s", async (on_unknown) => {
    const folder = path.join(testFolder(), "events");
    const id = await cutOffAct(folder, { ago: 3_600_000 });
    const calls: Watering[] = [];
    const agent = await openTestAgent([waterTool(calls)]);
    const settings = byHand({ on_unknown, queue: { max_age: "10m" } });
    const triggers = await openTestTriggers(agent, settings, { folder, allows: true });
    await vi.waitFor(() => expect(triggers.unknownActs).toMatchObject([{ event: id }]), soon);
    expect(triggers.states[0]).toMatchObject({ open: 0, last: { outcome: "unknown" } });
    expect(calls).toEqual([]);
    expect(triggers.questions).toEqual([]);
  });

  test.each([
    [null, "unknown", "The tool water_bed was under way when the program ended, and may or may not have acted. The"],
    ["failed", "orphaned", "The trigger is no longer in the config."],
    ["done", "done", "The act was done. Its answers are not given, because the trigger is no longer in the config. W"],
  ])("not that its trigger is gone: an act with the outcome %s is %s", async (outcome, end, result) => {
    const folder = path.join(testFolder(), "events");
    const id = await cutOffAct(folder, { outcome, trigger: "gone" });
    const agent = await openTestAgent([]);
    const triggers = await openTestTriggers(agent, byHand(), { folder });
    const expected = end === "unknown" ? [{ trigger: "gone", event: id, tool: "water_bed" }] : [];
    expect(triggers.unknownActs).toMatchObject(expected);
    await triggers.close();
    expect(await endsOf(folder)).toEqual([[end, expect.stringContaining(result)]]);
    // A later start lists it as well.
    const again = await openTestTriggers(agent, byHand(), { folder });
    expect(again.unknownActs).toMatchObject(expected);
  });

  test("not that its trigger is not enabled: it is listed, and decided about later", async () => {
    const folder = path.join(testFolder(), "events");
    const id = await cutOffAct(folder);
    const calls: Watering[] = [];
    const agent = await openTestAgent([waterTool(calls, { idempotent: true })]);
    const off = await openTestTriggers(agent, byHand({ enabled: false }), { folder });
    expect(off.unknownActs).toMatchObject([{ event: id }]);
    await off.close();
    const on = await openTestTriggers(agent, byHand(), { folder });
    await vi.waitFor(() => expect(on.states[0]).toMatchObject({ open: 0, last: { outcome: "done" } }), soon);
    expect(on.unknownActs).toEqual([]);
  });

  test.each(["skip", "ask", "retry"] as const)(
    "not that a later run replaces it: on_unknown %s",
    async (on_unknown) => {
      const calls: Watering[] = [];
      const act = (input: Watering, options: ToolRunOptions) =>
        calls.length === 1 ? untilAborted(input, options) : "Watered.";
      const settings: TriggerSettings = {
        name: "dry-bed",
        when: { every: "1h", overlap: "replace" },
        do: { tool: "water_bed", arguments: { bed: "all" } },
        on_unknown,
      };
      const triggers = await openTestTriggers(await openTestAgent([waterTool(calls, { act })]), settings);
      const first = await triggers.run("dry-bed");
      await vi.waitFor(() => expect(calls).toHaveLength(1), soon);
      const second = await triggers.run("dry-bed");
      expect(await triggers.ended(first.id)).toMatchObject({
        outcome: "unknown",
        result:
          "A later run replaced it. The tool water_bed was stopped before it ended, and may or may not have acted.",
      });
      expect(await triggers.ended(second.id)).toMatchObject({ outcome: "done" });
      expect(triggers.unknownActs).toMatchObject([{ event: first.id }]);
    },
  );

  test("not that the queue drops the oldest events", async () => {
    const folder = path.join(testFolder(), "events");
    const id = await cutOffAct(folder, { outcome: "timed-out" });
    const log = await EventLog.open(folder);
    const at = Date.now();
    const failure = { type: "try-failed", event: id, try: 1, problem: "Late.", at, next_at: at + 1000 } as const;
    await log.append(failure);
    const full = { maxEvents: 1, whenFull: "drop-oldest", repeats: null } as const;
    await log.add({ trigger: "dry-bed", at, payload: null }, full);
    expect(log.find(id)).not.toBeNull();
    await log.close();
  });
});

describe("a stop", () => {
  test.each([
    ["skip", true],
    ["ask", false],
  ] as const)(
    "shows an act that it cut off at once if nothing more can be known: on_unknown %s",
    async (on_unknown, isKnown) => {
      const calls: Watering[] = [];
      const agent = await openTestAgent([waterTool(calls, { act: untilAborted })]);
      const triggers = await openTestTriggers(agent, byHand({ on_unknown }));
      const { id } = await triggers.run("dry-bed", tomatoes);
      await vi.waitFor(() => expect(calls).toHaveLength(1), soon);
      const began = performance.now();
      await triggers.close();
      // As long as a service waits for its turns.
      expect(performance.now() - began).toBeGreaterThan(9900);
      const result = "The tool water_bed was stopped together with the triggers, and may or may not have acted.";
      expect(triggers.unknownActs.map(({ event }) => event)).toEqual(isKnown ? [id] : []);
      expect(await endsOf(triggers.folder)).toEqual([isKnown ? ["unknown", result] : [null, null]]);
      const again = await openTestTriggers(agent, byHand({ on_unknown }), { folder: triggers.folder });
      await vi.waitFor(() => expect(again.unknownActs.map(({ event }) => event)).toEqual([id]), soon);
      expect(again.questions).toHaveLength(isKnown ? 0 : 1);
      expect(calls).toHaveLength(1);
    },
    40_000,
  );
});
