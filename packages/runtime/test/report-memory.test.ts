import type { MemoryProbe, MemoryReading } from "@nanoagent/models";
import { expect, test } from "vitest";
import { reportMemory } from "../src/report-memory.js";
import { sampleDevice } from "./sample-config.js";

const agent = { spec: { name: "a", version: "1", capabilities: [], max_memory_mb: 64, max_model_size_mb: 1 } };
const config = { ...agent, device: sampleDevice, engine: undefined };

test("a hanging probe is not read again, and later reports use its last reading", async () => {
  const reading: MemoryReading = {
    total_bytes: 8,
    available_bytes: 4,
    limit_bytes: null,
    limit_source: null,
    pressure_percent: null,
  };
  let asked = 0;
  const probe: MemoryProbe = { read: () => (++asked === 1 ? Promise.resolve(reading) : new Promise(() => {})) };
  for (let report = 1; report <= 3; report++) {
    expect((await reportMemory(config, {}, { memory: probe })).device).toEqual(reading);
  }
  expect(asked).toBe(2);
});
