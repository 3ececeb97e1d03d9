import type { ScriptedReply } from "@nanoagent/runtime/testing";
import { expect, test, vi } from "vitest";
import { ActTries } from "../../../src/triggers/act-tries.js";
import { EventAges } from "../../../src/triggers/event-ages.js";
import { keep, MemoryDisk, openOn } from "../events/open-log.js";
import { fastClock } from "./fast-clock.js";
import { byHand, openTestAgent, openTestTriggers, type Watering, waterTool } from "./open-test-triggers.js";

const soon = { timeout: 20_000 };
const message = { do: { message: "Water the {payload.bed}." } };
const call = { id: "call00001", name: "water_bed", arguments: { bed: "tomatoes", minutes: 5 } };

/** Opens the acts of a trigger with an event, on a disk that is full. */
async function onFullDisk(
  options: Parameters<typeof byHand>[0],
  own: Parameters<typeof waterTool>[1] = {},
  { room = 0, replies = [{ calls: [call] }, "Done."] }: { room?: number; replies?: ScriptedReply[] } = {},
) {
  const disk = new MemoryDisk();
  const log = await openOn(disk, { now: undefined });
  const id = await keep(log, { bed: "tomatoes" }, { trigger: "dry-bed", at: Date.now() });
  const calls: Watering[] = [];
  const failedTries: string[] = [];
  const agent = await openTestAgent([waterTool(calls, own)], replies);
  const clock = fastClock();
  const acts = new ActTries({
    settings: byHand(options),
    log,
    clock,
    agent: { use: (_signal, act) => act(agent), ask: async () => false },
    ages: new EventAges(clock),
    places: { configFolder: ".", broker: null, environment: {} },
    listener: { onChange() {}, onEnd() {}, onNotice() {} },
    onFailedTry: (problem) => failedTries.push(problem),
  });
  let left = room;
  disk.nextFault = () => (left-- > 0 ? null : { kind: "ENOSPC", at: 0 });
  const free = async () => {
    disk.nextFault = () => null;
    await keep(log, null, { trigger: "other", at: Date.now() });
  };
  return { acts, log, id, calls, failedTries, free };
}

test.each([
  ["a tool", {}, {}],
  ["a tool that reads", {}, { changesWorld: false }],
  ["a message", message, {}],
] as const)("a full disk uses up no tries, and the act of %s goes on when there is room", async (_name, act, own) => {
  const { acts, log, id, calls, failedTries, free } = await onFullDisk({ ...act, tries: 1 }, own);
  const done = acts.do(id);
  await vi.waitFor(() => expect(log.problem).not.toBeNull(), soon);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(calls).toEqual([]);
  await free();
  expect(await done).toEqual({
    outcome: "done",
    answer: "message" in ("do" in act ? act.do : {}) ? "Done." : "Watered.",
  });
  expect(calls).toHaveLength(1);
  expect(failedTries).toEqual([]);
  await log.close();
});

test("a message whose call cannot be recorded is said again when there is room", async () => {
  const replies = [{ calls: [call] }, "Not now.", { calls: [call] }, "Done."];
  const { acts, log, id, calls, free } = await onFullDisk(message, {}, { room: 1, replies });
  const done = acts.do(id);
  await vi.waitFor(() => expect(log.problem).not.toBeNull(), soon);
  await free();
  expect(await done).toEqual({ outcome: "done", answer: "Done." });
  expect(calls).toHaveLength(1);
  await log.close();
});

test("an event waits for room no longer than max_age", async () => {
  const { acts, log, id, calls, free } = await onFullDisk({ queue: { max_age: "1m" } });
  expect(await acts.do(id)).toMatchObject({ outcome: "expired" });
  expect(calls).toEqual([]);
  await free();
  await log.close();
});

test("a stop ends the wait for room", async () => {
  const { acts, log, id, free } = await onFullDisk({});
  const done = acts.do(id);
  await vi.waitFor(() => expect(log.problem).not.toBeNull(), soon);
  await acts.stop(10_000);
  expect(await done).toBeNull();
  await free();
  await log.close();
});

test.skipIf(process.platform !== "linux")(
  "an answer waits for room in its file, too, at most as long as its event",
  async () => {
    const settings = byHand({ then: { file: { path: "/dev/full" } }, queue: { max_age: "10m" } });
    const triggers = await openTestTriggers(await openTestAgent([waterTool([])]), settings, { clock: fastClock() });
    const { id } = await triggers.run("dry-bed", { payload: { bed: "tomatoes" } });
    expect(await triggers.ended(id)).toMatchObject({
      outcome: "failed",
      result: expect.stringContaining("The answer waited longer than queue.max_age for its place."),
    });
    expect(triggers.notices).toMatchObject([
      { message: expect.stringMatching(/ENOSPC: .*write\. It is tried again\.$/) },
      {},
    ]);
  },
);
