import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type LoggedEvent, readEventLog } from "../../../src/triggers/events/read-event-log.js";
import type { TriggerState, UnknownAct } from "../../../src/triggers/triggers.js";
import { testFolder } from "./open-test-triggers.js";

/** Events that are added before each kill. */
const EVENTS = 5;
const here = path.dirname(fileURLToPath(import.meta.url));
let program: string;
let built: string;

beforeAll(async () => {
  built = mkdtempSync(path.join(os.tmpdir(), "nanoagent-kills-"));
  await build({
    entryPoints: [path.join(here, "triggers-program.ts")],
    outdir: built,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    conditions: ["@nanoagent/source"],
    mainFields: ["module", "main"],
    external: ["@node-llama-cpp/*"],
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    logLevel: "error",
  });
  program = path.join(built, "triggers-program.mjs");
}, 60_000);
afterAll(() => rmSync(built, { recursive: true, force: true }));

interface Told {
  added?: number;
  id?: string;
  notice?: string;
  state?: TriggerState;
  unknown?: UnknownAct[];
}

async function start(folder: string, kind: string, act: string, told: (message: Told) => void): Promise<ChildProcess> {
  const child = fork(program, [folder, kind, act]);
  const exited = once(child, "exit");
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  const [first] = (await Promise.race([
    once(child, "message"),
    exited.then(([code]) => Promise.reject(new Error(`The program ended with ${code}.`))),
  ])) as [Told];
  told(first);
  child.on("message", told);
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

/** Kills the program at random moments while events come. Returns all that the device saw, and the log. */
async function killAtRandom(kind: string, act: string, most: number) {
  const folder = testFolder();
  const acknowledged = new Map<number, string>();
  const told = ({ added, id }: Told) => {
    if (added !== undefined && id !== undefined) acknowledged.set(added, id);
  };
  let n = 0;
  for (let kills = 0; kills < most; kills++) {
    const child = await start(folder, kind, act, told);
    for (let count = 0; count < EVENTS; count++) child.send({ add: n++ });
    const before = acknowledged.size;
    while (acknowledged.size === before) await delay(1);
    await delay(Math.random() * 60);
    await kill(child);
  }
  const notices: string[] = [];
  let last: Told = {};
  const child = await start(folder, kind, act, (message) => {
    if (message.notice !== undefined) notices.push(message.notice);
    if (message.state !== undefined) last = message;
  });
  while (last.state?.open !== 0) {
    child.send({ isIdle: true });
    await delay(50);
  }
  await kill(child);
  const events = new Map<string, LoggedEvent>();
  for await (const logged of readEventLog(path.join(folder, "events"))) events.set(logged.event.id, logged);
  const runs = readFileSync(path.join(folder, "calls"), "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split(" "));
  const file = path.join(folder, "answers");
  const answers = existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
  return { acknowledged, events, runs, answers: answers.map((line) => JSON.parse(line)), unknown: last.unknown ?? [] };
}

test.each([
  ["idempotent", "tool", 12],
  ["other", "tool", 12],
  ["other", "sentence", 6],
])(
  "kill -9 at any moment loses no event and hides no act: %s, %s",
  async (kind, act, kills) => {
    const { acknowledged, events, runs, answers, unknown } = await killAtRandom(kind, act, kills);
    expect(acknowledged.size).toBeGreaterThanOrEqual(kills);
    // Nothing that was acknowledged is lost, and all has ended.
    for (const [n, id] of acknowledged) expect(events.get(id)?.event.payload).toEqual({ id: `n${n}`, n });
    const outcomes = new Set([...events.values()].map(({ outcome }) => outcome));
    for (const outcome of outcomes) expect(["done", "unknown"]).toContain(outcome);

    // No act under two keys.
    const keys = new Map<string, Set<string>>();
    for (const [, n = "", key = ""] of runs) keys.set(n, (keys.get(n) ?? new Set()).add(key));
    for (const [n, ofEvent] of keys) expect([n, ofEvent.size]).toEqual([n, 1]);

    const begins = runs.filter(([what]) => what === "begin").map(([, n]) => n);
    const doubled = begins.filter((n, index) => begins.indexOf(n) !== index);
    const unknownEvents = [...events.values()]
      .filter(({ outcome }) => outcome === "unknown")
      .map(({ event }) => event.id);
    expect(new Set(unknown.map(({ event }) => event))).toEqual(new Set(unknownEvents));
    if (kind === "idempotent") {
      expect(outcomes).toEqual(new Set(["done"]));
    } else {
      // Nothing twice, and every run that was cut off is listed.
      expect(doubled).toEqual([]);
      const cutOff = begins.filter((n) => !runs.some(([what, other]) => what === "end" && other === n));
      const listed = unknown.map(({ event }) => JSON.stringify(events.get(event)?.event.payload));
      for (const n of cutOff) expect(listed).toContain(`{"id":"n${n}","n":${n}}`);
    }
    const done = [...events.values()].filter(({ outcome }) => outcome === "done").map(({ event }) => event.id);
    expect(answers.map(({ event }) => event).sort()).toEqual(done.sort());
  },
  120_000,
);
