import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test, vi } from "vitest";
import { MemoryBroker } from "../../mqtt/memory-broker.js";
import { fastClock } from "./fast-clock.js";
import { byHand, openTestAgent, openTestTriggers, testFolder, type Watering, waterTool } from "./open-test-triggers.js";

const soon = { timeout: 20_000 };
const bed = (name: string) => ({ payload: { bed: name } });

test("a broker that cannot be reached holds up no act, no other place and no end of the program", async () => {
  const folder = testFolder();
  const calls: Watering[] = [];
  const agent = await openTestAgent([waterTool(calls, { act: ({ bed }) => `Watered ${bed}.` })]);
  const settings = byHand({ then: [{ mqtt: { topic: "garden/log" } }, { file: { path: "answers.jsonl" } }] });
  const away = new MemoryBroker();
  const triggers = await openTestTriggers(agent, settings, { broker: away, configFolder: folder });
  for (const name of ["tomatoes", "beans", "peas"]) await triggers.run("dry-bed", bed(name));
  const file = path.join(folder, "answers.jsonl");
  await vi.waitFor(() => expect(readFileSync(file, "utf8").split("\n")).toHaveLength(4), soon);
  expect(calls).toHaveLength(3);
  expect(triggers.states[0]).toMatchObject({ open: 3, oldest_open_at: expect.any(String) });
  const began = performance.now();
  await triggers.close();
  expect(performance.now() - began).toBeLessThan(4000);

  const back = new MemoryBroker();
  const again = await openTestTriggers(agent, settings, {
    broker: back,
    configFolder: folder,
    folder: triggers.folder,
  });
  back.connect();
  await vi.waitFor(() => expect(again.states[0]).toMatchObject({ open: 0, counts: { done: 3 } }), soon);
  expect(back.published.map(({ text }) => text)).toEqual(["Watered tomatoes.", "Watered beans.", "Watered peas."]);
  // An answer that has its place is not given again, and no act is repeated.
  expect(readFileSync(file, "utf8").split("\n")).toHaveLength(4);
  expect(calls).toHaveLength(3);
});

test("an answer that fails is tried again, without the act", async () => {
  const folder = testFolder();
  const calls: Watering[] = [];
  const agent = await openTestAgent([waterTool(calls)]);
  const script = 'cat >> got; [ "$(wc -l < tried 2>/dev/null || echo 0)" -ge 2 ] || { echo x >> tried; exit 1; }';
  const settings = byHand({ then: { command: ["sh", "-c", script] } });
  const triggers = await openTestTriggers(agent, settings, { clock: fastClock(), configFolder: folder });
  const { id } = await triggers.run("dry-bed", bed("tomatoes"));
  expect(await triggers.ended(id)).toMatchObject({ outcome: "done" });
  expect(readFileSync(path.join(folder, "got"), "utf8")).toBe("Watered.Watered.Watered.");
  expect(calls).toHaveLength(1);
  expect(triggers.notices).toMatchObject([{ level: "warning" }]);
});

test("an answer that no try can give fails the event, and says that the act was done", async () => {
  const folder = testFolder();
  writeFileSync(path.join(folder, "file"), "");
  const agent = await openTestAgent([waterTool([])]);
  const settings = byHand({ then: [{ file: { path: "file/answers" } }, { file: { path: "answers" } }] });
  const triggers = await openTestTriggers(agent, settings, { clock: fastClock(), configFolder: folder });
  const { id } = await triggers.run("dry-bed", bed("tomatoes"));
  const ended = await triggers.ended(id);
  expect(ended.outcome).toBe("failed");
  expect(ended.result).toMatch(
    /^The act was done, but not every place has its answer\. The answer could not be given: /,
  );
  expect(readFileSync(path.join(folder, "answers"), "utf8")).toContain(id);
  expect(triggers.states[0]).toMatchObject({ status: "failing" });
});

test("an event that the queue drops has an end for those who wait for it", async () => {
  const calls: Watering[] = [];
  let release = (_answer: string) => {};
  const act = () =>
    new Promise<string>((resolve) => {
      release = resolve;
    });
  const agent = await openTestAgent([waterTool(calls, { act })]);
  const settings = byHand({ queue: { max_events: 2, when_full: "drop-oldest" } });
  const triggers = await openTestTriggers(agent, settings);
  const first = await triggers.run("dry-bed", bed("first"));
  await vi.waitFor(() => expect(calls).toHaveLength(1), soon);
  const second = await triggers.run("dry-bed", bed("second"));
  const ended = triggers.ended(second.id);
  const third = await triggers.run("dry-bed", bed("third"));
  release("Watered.");
  expect(await ended).toMatchObject({ outcome: "dropped" });
  expect(triggers.notices).toMatchObject([
    { level: "warning", message: expect.stringContaining("events are dropped") },
  ]);
  expect(await triggers.ended(first.id)).toMatchObject({ outcome: "done" });
  await vi.waitFor(() => expect(calls).toHaveLength(2), soon);
  release("Watered.");
  expect(await triggers.ended(third.id)).toMatchObject({ outcome: "done" });
  expect(calls.map(({ bed: name }) => name)).toEqual(["first", "third"]);
});

test("events that a full queue drops are counted, and noted once a minute", async () => {
  const calls: Watering[] = [];
  let release = (_answer: string) => {};
  const act = () =>
    new Promise<string>((resolve) => {
      release = resolve;
    });
  const agent = await openTestAgent([waterTool(calls, { act })]);
  const settings = byHand({ queue: { max_events: 1, when_full: "drop-newest" } });
  const triggers = await openTestTriggers(agent, settings);
  await triggers.run("dry-bed", bed("first"));
  await vi.waitFor(() => expect(calls).toHaveLength(1), soon);
  const headers = new Map([["authorization", "Bearer a-secret-of-the-hook"]]);
  const request = { header: (name: string) => headers.get(name) ?? null, body: Buffer.from('{"bed":"next"}') };
  for (let count = 0; count < 3; count++) {
    const reply = await triggers.hook("dry-bed")?.receive(request);
    expect(reply).toEqual({ status: 200, body: { event: null, dropped: true } });
  }
  expect(triggers.states[0]?.counts.dropped).toBe(3);
  expect(triggers.notices).toMatchObject([
    { level: "warning", trigger: "dry-bed", message: expect.stringContaining("events are dropped") },
  ]);
  release("Watered.");
});
