import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { announcedKeepAlive, KeepAlive } from "../../src/mqtt/keep-alive.js";

const MILLISECONDS = 5000;
const ANNOUNCED_MILLISECONDS = 1000;

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
afterEach(() => void vi.useRealTimers());

/** A keep-alive of which the broker knows less. Times count from its start. */
function startKeepAlive({ isAnswered = (): boolean => true } = {}) {
  const begin = performance.now();
  const pings: number[] = [];
  let silentAt: number | null = null;
  const keepAlive = new KeepAlive({
    milliseconds: MILLISECONDS,
    announcedMilliseconds: ANNOUNCED_MILLISECONDS,
    ping: () => {
      pings.push(performance.now() - begin);
      if (isAnswered()) setTimeout(() => keepAlive.noteReceived(), 10);
    },
    onSilence: () => {
      silentAt ??= performance.now() - begin;
      keepAlive.stop();
    },
  });
  return { keepAlive, pings, silentAt: () => silentAt };
}

/** The times between one ping and the next. */
function gapsOf(pings: readonly number[]): number[] {
  return pings.slice(1).map((at, place) => at - (pings[place] ?? 0));
}

test.each([
  [1, 1],
  [5, 1],
  [6, 1],
  [10, 5],
  [60, 55],
  [65_535, 65_530],
])("a keep-alive of %i s is announced as %i s", (seconds, announced) => {
  expect(announcedKeepAlive(seconds)).toBe(announced);
});

describe("pings", () => {
  test("come as often as the broker expects a sign", () => {
    const { pings, silentAt } = startKeepAlive();
    vi.advanceTimersByTime(10 * MILLISECONDS);
    expect(pings.length).toBeGreaterThan(50);
    expect(Math.max(...gapsOf(pings))).toBeLessThan(ANNOUNCED_MILLISECONDS);
    expect(silentAt()).toBeNull();
  });

  test("go on while the broker does not answer, until it was silent for the whole time", () => {
    let isSilent = false;
    const { pings, silentAt } = startKeepAlive({ isAnswered: () => !isSilent });
    vi.advanceTimersByTime(MILLISECONDS);
    isSilent = true;
    vi.advanceTimersByTime(2 * MILLISECONDS);
    const lastSign = pings.findLast((at) => at <= MILLISECONDS) ?? 0;
    expect(silentAt()).toBeGreaterThan(lastSign + MILLISECONDS - ANNOUNCED_MILLISECONDS);
    expect(silentAt()).toBeLessThanOrEqual(lastSign + MILLISECONDS + ANNOUNCED_MILLISECONDS);
    const unanswered = pings.filter((at) => at > MILLISECONDS);
    expect(unanswered.length).toBeGreaterThan(7);
    expect(Math.max(...gapsOf(pings))).toBeLessThan(ANNOUNCED_MILLISECONDS);
  });

  test("come also when this side is quiet and the broker is not", () => {
    const { keepAlive, pings, silentAt } = startKeepAlive({ isAnswered: () => false });
    for (let at = 0; at < 4 * MILLISECONDS; at += 100) {
      vi.advanceTimersByTime(100);
      keepAlive.noteReceived();
    }
    expect(Math.max(...gapsOf(pings))).toBeLessThan(ANNOUNCED_MILLISECONDS);
    expect(pings.length).toBeGreaterThan(20);
    expect(silentAt()).toBeNull();
  });
});

test("a broker is not silent while this side does not read", () => {
  const { keepAlive, silentAt } = startKeepAlive({ isAnswered: () => false });
  keepAlive.isReadingPaused = true;
  vi.advanceTimersByTime(3 * MILLISECONDS);
  expect(silentAt()).toBeNull();
  keepAlive.isReadingPaused = false;
  vi.advanceTimersByTime(MILLISECONDS - ANNOUNCED_MILLISECONDS);
  expect(silentAt()).toBeNull();
  vi.advanceTimersByTime(2 * ANNOUNCED_MILLISECONDS);
  expect(silentAt()).not.toBeNull();
});

test("nothing happens after the stop", () => {
  const { keepAlive, pings, silentAt } = startKeepAlive({ isAnswered: () => false });
  keepAlive.stop();
  vi.advanceTimersByTime(3 * MILLISECONDS);
  expect(pings).toEqual([]);
  expect(silentAt()).toBeNull();
});
