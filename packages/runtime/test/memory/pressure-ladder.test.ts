import { PRESSURE_ACTIONS } from "@nanoagent/models";
import { expect, test } from "vitest";
import { PressureLadder, RECOVERY_MILLISECONDS } from "../../src/memory/pressure-ladder.js";

test("steps come in order, mildest first, and the context is halved as long as that is useful", () => {
  const ladder = new PressureLadder();
  const steps: (string | null)[] = [];
  for (let step = 0; step < 10; step++) steps.push(ladder.descend(2048, 0));
  expect([...new Set(steps)]).toEqual([...PRESSURE_ACTIONS, null]);
  expect(steps).toEqual([
    "trim-window",
    "drop-saved-state",
    "smaller-batch",
    "smaller-context",
    "smaller-context",
    "smaller-context",
    "unload-when-idle",
    "refuse",
    null,
    null,
  ]);
  expect(ladder.settings).toEqual({
    windowShare: 0.5,
    contextTokens: 256,
    batchTokens: 16,
    unloadsWhenIdle: true,
    refuses: true,
  });
});

test("a small context is not halved", () => {
  const ladder = new PressureLadder();
  for (let step = 0; step < 3; step++) ladder.descend(300, 0);
  expect(ladder.descend(300, 0)).toBe("unload-when-idle");
});

test("steps are reverted only after a time without pressure", () => {
  const ladder = new PressureLadder();
  ladder.descend(2048, 1000);
  ladder.descend(2048, 2000);
  expect(ladder.rest(2000 + RECOVERY_MILLISECONDS - 1)).toBe(false);
  expect(ladder.step).toBe("drop-saved-state");
  expect(ladder.rest(2000 + RECOVERY_MILLISECONDS)).toBe(true);
  expect(ladder.step).toBeNull();
  expect(ladder.settings.windowShare).toBe(1);
});

test("after memory ran out, the next load is smaller", () => {
  const ladder = new PressureLadder();
  expect(ladder.descendToReload(1024, 0)).toEqual(["trim-window", "drop-saved-state", "smaller-batch"]);
  expect(ladder.descendToReload(1024, 0)).toEqual(["smaller-context"]);
  expect(ladder.settings.contextTokens).toBe(512);
});

test("the time without pressure doubles while pressure returns soon, and is short again after a long calm", () => {
  const ladder = new PressureLadder();
  /** Descends, and returns how long the step stays in force. */
  const stay = (start: number) => {
    ladder.descend(2048, start);
    let end = start;
    while (!ladder.rest(end)) end += RECOVERY_MILLISECONDS;
    return end - start;
  };
  let now = 0;
  const times: number[] = [];
  for (let count = 0; count < 9; count++) {
    times.push(stay(now) / RECOVERY_MILLISECONDS);
    now += (times.at(-1) ?? 0) * RECOVERY_MILLISECONDS + 1000;
  }
  expect(times).toEqual([1, 2, 4, 8, 16, 32, 64, 64, 64]);
  expect(stay(now + 1000 * RECOVERY_MILLISECONDS)).toBe(RECOVERY_MILLISECONDS);
});
