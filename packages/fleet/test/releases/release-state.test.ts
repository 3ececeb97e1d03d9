import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { openReleases, readReleases } from "../../src/bundles.js";
import { keptReleases } from "../../src/releases/kept-releases.js";
import { parseReleaseState } from "../../src/releases/parse-release-state.js";
import { parseRecord } from "../../src/releases/release-record.js";
import {
  beginTrial,
  failBundle,
  NEW_STATE,
  type ReleaseState,
  settleTrial,
  withStep,
} from "../../src/releases/release-state.js";
import { ScratchDevice } from "./scratch-device.js";

const hash = fc.stringMatching(/^[0-9a-f]{64}$/);
const sequence = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const states: fc.Arbitrary<ReleaseState> = fc.record({
  format: fc.constant(1 as const),
  sequence: fc.oneof(fc.constant(0), sequence),
  manifest_sha256: fc.option(hash),
  previous: fc.option(sequence),
  trial: fc.option(
    fc.record({
      sequence,
      manifest_sha256: hash,
      previous: fc.option(sequence),
      attempts: sequence,
      step: fc.constantFrom("proving", "proven", "starting"),
    }),
  ),
  rollback: fc.option(fc.record({ sequence, from: fc.record({ sequence, manifest_sha256: hash }) })),
  interrupted: fc.option(fc.record({ manifest_sha256: hash, attempts: sequence })),
  failed: fc.array(fc.record({ sequence, manifest_sha256: hash, reason: fc.string(), at: fc.string() }), {
    maxLength: 10,
  }),
});

test("a state that is written is read again", () => {
  const writtenAgain = fc.property(states, (state) => {
    expect(parseReleaseState(JSON.stringify(state))).toEqual({ state });
  });
  fc.assert(writtenAgain);
});

test("anything else is damaged, and never throws", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      expect(parseReleaseState(text)).toEqual({ problem: "damaged" });
      expect(parseRecord(text, 1)).toBeNull();
    }),
  );
  const keys = Object.keys(NEW_STATE) as (keyof ReleaseState)[];
  fc.assert(
    fc.property(states, fc.constantFrom(...keys), fc.constantFrom("x", true, -1, 1.5, [1], {}), (state, key, value) => {
      expect("problem" in parseReleaseState(JSON.stringify({ ...state, [key]: value }))).toBe(true);
    }),
  );
  expect(parseReleaseState('{"format":2}')).toEqual({ problem: "newer" });
});

test("the ten newest failures stay, each bundle once", () => {
  let state = NEW_STATE;
  for (let number = 1; number <= 12; number += 1) {
    const bundle = { sequence: number, manifest_sha256: String(number % 11).padStart(64, "0") };
    state = failBundle(beginTrial(state, bundle, null), bundle, `Reason ${number}.`, "now");
  }
  expect(state.trial).toBeNull();
  expect(state.failed.map(({ sequence: number }) => number)).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
});

test("the release in use and its predecessor always stay, and at most one more", () => {
  const many = fc.uniqueArray(fc.integer({ min: 1, max: 20 }), { maxLength: 8 });
  fc.assert(
    fc.property(many, fc.integer({ min: 0, max: 20 }), (numbers, highest) => {
      const releases = numbers.map((number) => ({
        sequence: number,
        manifest_sha256: String(number).padStart(64, "0"),
      }));
      const [current = null, previous = null] = numbers;
      const kept = keptReleases(releases, { ...NEW_STATE, sequence: highest, previous }, current);
      expect(kept.size).toBeLessThanOrEqual(3);
      for (const number of [current, previous]) if (number !== null) expect(kept.has(number)).toBe(true);
    }),
  );
});

test("a trial that is settled raises the sequence, and forgets the failure of its bundle", () => {
  const bundle = { sequence: 7, manifest_sha256: "7".repeat(64) };
  const failed = failBundle(NEW_STATE, bundle, "It failed.", "now");
  const settled = settleTrial(withStep(beginTrial(failed, bundle, 3), "starting"));
  expect(settled).toEqual({ ...NEW_STATE, ...bundle, previous: 3 });
});

test("a state that is missing or damaged is made again from the releases, and the damaged one is kept", async () => {
  const device = await ScratchDevice.make();
  for (const number of [1, 2, 4]) await device.applyNew(number);
  const file = path.join(device.root, "state.json");
  await rm(file);
  expect(await readReleases(device.root)).toMatchObject({ highest: 4, previous: 2 });
  await (await openReleases(device.root)).close();
  expect(await device.state()).toMatchObject({ sequence: 4, previous: 2 });
  await writeFile(file, '{"format":1,"sequ');
  const old = await device.bundle({ sequence: 3 });
  expect(await device.apply(old)).toMatchObject({ state: "refused", code: "bundle-outdated", current: 4 });
  expect(await readFile(`${file}.damaged`, "utf8")).toBe('{"format":1,"sequ');
  await rm(file);
  await rm(`${file}.damaged`);
  await mkdir(file);
  await (await openReleases(device.root)).close();
  expect(await device.state()).toMatchObject({ sequence: 4 });
});

test("a state of a newer nanoagent is not touched", async () => {
  const device = await ScratchDevice.make();
  await device.applyNew(1);
  const file = path.join(device.root, "state.json");
  await writeFile(file, '{"format":2,"new":true}');
  await expect(device.applyNew(2)).rejects.toMatchObject({ code: "releases-unusable", hint: "Update nanoagent." });
  expect(await readFile(file, "utf8")).toBe('{"format":2,"new":true}');
  expect(await readdir(path.join(device.root, "releases"))).toEqual(["1"]);
});

test("a release that somebody removed counts as not in use, but its sequence stays used", async () => {
  const device = await ScratchDevice.make();
  const old = await device.bundle({ sequence: 1 });
  await device.apply(old);
  const file = await device.bundle({ sequence: 2 });
  await device.apply(file);
  await rm(path.join(device.root, "releases/2"), { recursive: true });
  expect(await readReleases(device.root)).toMatchObject({ current: null, highest: 2, previous: 1 });
  expect(await device.apply(old)).toMatchObject({ state: "refused", current: null });
  expect(await device.rollBack()).toMatchObject({ state: "applied", current: 1 });
  expect(await device.apply(file)).toMatchObject({ state: "applied", current: 2 });
});
