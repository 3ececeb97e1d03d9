import { EdgeDevice } from "@nanoagent/models";
import { describe, expect, test } from "vitest";
import { issuesOf } from "./issues-of.js";
import { sampleDevice } from "./samples.js";

test("has_gpu defaults to false", () => {
  const { has_gpu: _, ...withoutGpu } = sampleDevice;
  expect(EdgeDevice.parse(withoutGpu)).toEqual({ ...withoutGpu, has_gpu: false });
  expect(EdgeDevice.parse({ ...withoutGpu, has_gpu: true }).has_gpu).toBe(true);
});

test("all other keys are required", () => {
  expect(issuesOf(EdgeDevice, {})).toEqual([
    "device_id (missing): missing: expected a string that is not empty",
    "platform (missing): missing: expected a string that is not empty",
    "memory_mb (missing): missing: expected an integer of at least 1",
    "cpu_cores (missing): missing: expected an integer of at least 1",
  ]);
});

describe.each(["memory_mb", "cpu_cores"])("%s is an integer of at least 1", (key) => {
  test.each([
    ['"4"', '"4" (a string): remove the quotes'],
    ["-4", "-4"],
    ["0", "0"],
    ["0.5", "0.5"],
    ["9007199254740992", "9007199254740992: too large"],
    ["1e309", "Infinity: too large"],
    ["null", "null"],
  ])("%s is refused", (json, text) => {
    const device = { ...sampleDevice, [key]: JSON.parse(json) };
    expect(issuesOf(EdgeDevice, device)).toEqual([
      `${key} (invalid): expected an integer of at least 1, found ${text}`,
    ]);
  });

  test("NaN is refused", () => {
    expect(EdgeDevice.safeParse({ ...sampleDevice, [key]: Number.NaN }).success).toBe(false);
  });
});

test.each([
  [{ device_id: "" }, 'device_id (invalid): expected a string that is not empty, found "" (a string)'],
  [{ device_id: 4 }, "device_id (invalid): expected a string that is not empty, found 4: put it in quotes"],
  [{ platform: null }, "platform (invalid): expected a string that is not empty, found null"],
  [{ has_gpu: "true" }, 'has_gpu (invalid): expected true or false, found "true" (a string): remove the quotes'],
  [{ has_gpu: "yes" }, 'has_gpu (invalid): expected true or false, found "yes" (a string): write true'],
  [{ has_gpu: 0 }, "has_gpu (invalid): expected true or false, found 0"],
  [{ has_gpu: null }, "has_gpu (invalid): expected true or false, found null"],
  [{ memory: 512 }, 'memory (unknown-key): unknown key: did you mean "memory_mb"?'],
  [
    { disk_mb: 9 },
    "disk_mb (unknown-key): unknown key: expected one of device_id, platform, memory_mb, cpu_cores, has_gpu, details",
  ],
])("%j is refused", (change, issue) => {
  expect(issuesOf(EdgeDevice, { ...sampleDevice, ...change })).toEqual([issue]);
});
