import { DeviceMeasurement } from "@nanoagent/models";
import { expect, test } from "vitest";
import { issuesOf } from "./issues-of.js";
import { sampleMeasurement as measurement } from "./samples.js";

test("accepts a measurement with all parts, and one with only the required keys", () => {
  expect(DeviceMeasurement.parse(measurement)).toEqual(measurement);
  const bare = {
    ...measurement,
    bandwidth: [],
    dot_products: [],
    storage_read: null,
    contention: null,
    temperature_celsius: null,
  };
  expect(DeviceMeasurement.parse(bare)).toEqual(bare);
});

test.each([
  ["another format", { format: 2 }, "format"],
  ["a rate below 0", { bandwidth: [{ threads: 1, per_second: -1, spread: 0 }] }, "bandwidth.0.per_second"],
  ["a share above 1", { contention: 1.5 }, "contention"],
  ["half a thread", { bandwidth: [{ threads: 0.5, per_second: 1, spread: 0 }] }, "bandwidth.0.threads"],
  [
    "a rate without end",
    { storage_read: { per_second: Number.POSITIVE_INFINITY, spread: 0 } },
    "storage_read.per_second",
  ],
])("%s is refused", (_, change, path) => {
  expect(issuesOf(DeviceMeasurement, { ...measurement, ...change }).join("\n")).toContain(`${path} (invalid)`);
});
