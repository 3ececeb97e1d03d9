import { expect, test } from "vitest";
import { actKey, callKey } from "../../../src/triggers/acts/act-key.js";
import { MAX_RETRY_MILLISECONDS, retryDelay } from "../../../src/triggers/acts/retry-delay.js";

test("the same call of an event has the same key, in whichever form a model writes it", () => {
  const key = callKey("e1", { name: "water_bed", arguments: { bed: "tomatoes", minutes: 5, all: true } });
  expect(key).toMatch(/^e1\.[0-9a-f]{16}$/);
  for (const form of [
    { all: true, minutes: 5, bed: "tomatoes" },
    { bed: "tomatoes ", minutes: "5", all: "true" },
    '{"minutes": 5, "bed": "tomatoes", "all": true}',
  ]) {
    expect(callKey("e1", { name: "water_bed", arguments: form })).toBe(key);
  }
});

test("other calls and other events have other keys", () => {
  const given = { bed: "tomatoes", minutes: 5 };
  const keys = [
    actKey("e1"),
    actKey("e2"),
    callKey("e1", { name: "water_bed", arguments: given }),
    callKey("e2", { name: "water_bed", arguments: given }),
    callKey("e1", { name: "feed_cat", arguments: given }),
    callKey("e1", { name: "water_bed", arguments: { ...given, minutes: 6 } }),
    callKey("e1", { name: "water_bed", arguments: ["tomatoes", 5] }),
    callKey("e1", { name: "water_bed", arguments: "not JSON" }),
    callKey("e1", { name: "water_bed", arguments: undefined }),
  ];
  expect(new Set(keys).size).toBe(keys.length);
});

test("waits grow to ten minutes, with a random part", () => {
  const waits = [1, 2, 3, 4, 5, 100].map((failures) => retryDelay(failures, () => 0));
  expect(waits).toEqual([5000, 30_000, 120_000, 600_000, 600_000, 600_000]);
  expect(retryDelay(1, () => 0.5)).toBe(5500);
  expect(retryDelay(100, () => 0.999)).toBeLessThanOrEqual(MAX_RETRY_MILLISECONDS);
});
