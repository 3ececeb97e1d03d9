import type { MemoryProbe, MemoryReading } from "@nanoagent/models";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { PROBE_MILLISECONDS, SteadyProbe } from "../../src/memory/steady-probe.js";

const reading: MemoryReading = {
  total_bytes: 1024,
  available_bytes: 512,
  limit_bytes: null,
  limit_source: null,
  pressure_percent: null,
};

/** Ways in which an app's probe can fail. */
const faults: Record<string, MemoryProbe["read"]> = {
  throws: () => {
    throw new Error("boom");
  },
  rejects: () => Promise.reject(new Error("boom")),
  "never answers": () => new Promise(() => {}),
  "answers nothing": async () => undefined as never,
  "answers nonsense": async () => ({ ...reading, available_bytes: Number.NaN }),
};

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

async function readOf(probe: SteadyProbe): Promise<MemoryReading | null> {
  const pending = probe.read();
  await vi.advanceTimersByTimeAsync(PROBE_MILLISECONDS);
  return pending;
}

describe.each(Object.entries(faults))("a probe that %s", (name, fail) => {
  test("keeps the last reading, and is reported once", async () => {
    let read: MemoryProbe["read"] = async () => reading;
    const notices: string[] = [];
    const probe = new SteadyProbe({ read: () => read() }, (notice) => notices.push(notice));
    expect(await readOf(probe)).toEqual(reading);
    read = fail;
    for (let time = 0; time < 3; time++) expect(await readOf(probe)).toEqual(reading);
    expect(notices).toEqual([expect.stringMatching(/^The memory probe failed: .+\. Its last reading applies/)]);
    // A hanging probe has not answered yet and is not read again.
    read = async () => ({ ...reading, available_bytes: 7 });
    expect((await readOf(probe))?.available_bytes).toBe(name === "never answers" ? 512 : 7);
  });

  test("has no reading if it fails from the start", async () => {
    const notices: string[] = [];
    const probe = new SteadyProbe({ read: fail }, (notice) => notices.push(notice));
    expect(await readOf(probe)).toBeNull();
    expect(notices).toEqual([expect.stringContaining("Only the agent's own budget applies")]);
  });
});

test("concurrent reads share one wait", async () => {
  let calls = 0;
  const probe = new SteadyProbe({
    read: () => {
      calls += 1;
      return new Promise(() => {});
    },
  });
  await Promise.all([readOf(probe), probe.read(), probe.read()]);
  expect(calls).toBe(1);
});
