import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LimitedLog } from "../../src/log/limited-log.js";
import type { LogEntry } from "../../src/log/log-entry.js";

let lines: LogEntry[] = [];
let log: LimitedLog;
const refused = { level: "info", event: "request-refused" } as const;
const omitted = (count: number) => ({ level: "warn", event: "entries-omitted", count });

beforeEach(() => {
  vi.useFakeTimers({ now: 10_000 });
  lines = [];
  log = new LimitedLog((entry) => lines.push(entry), Date.now);
});
afterEach(() => void vi.useRealTimers());

const writeMany = (count: number) => {
  for (let number = 0; number < count; number += 1) log.write(refused);
};

test("writes five lines a second, and counts the others when the second is over", () => {
  writeMany(12);
  expect(lines).toHaveLength(5);
  vi.advanceTimersByTime(1000);
  expect(lines.slice(5)).toEqual([omitted(7)]);
  writeMany(6);
  expect(lines).toHaveLength(11);
  vi.advanceTimersByTime(5000);
  expect(lines.slice(11)).toEqual([omitted(1)]);
});

test("counts them before a line of a later second, if the timer is late", () => {
  writeMany(6);
  vi.setSystemTime(11_500);
  log.write(refused);
  expect(lines.slice(5)).toEqual([omitted(1), refused]);
  vi.advanceTimersByTime(5000);
  expect(lines).toHaveLength(7);
});

test("counts them when it is flushed, once", () => {
  writeMany(7);
  log.flush();
  log.flush();
  vi.advanceTimersByTime(5000);
  expect(lines.slice(5)).toEqual([omitted(2)]);
});
