import type { FitPlanner, FitRequest } from "@nanoagent/models";
import { NanoAgentError } from "@nanoagent/models";
import { afterEach, describe, expect, test, vi } from "vitest";
import { PLANNER_MILLISECONDS, safeProgress, typedPlanner } from "../../../src/engines/llama/app-callbacks.js";

afterEach(() => {
  vi.useRealTimers();
});

describe("an app's planner", () => {
  const faults: Record<string, FitPlanner["planFit"]> = {
    throws: () => {
      throw new Error("boom");
    },
    rejects: () => Promise.reject("boom"),
    "plans nothing": async () => undefined as never,
    "never answers": () => new Promise(() => {}),
  };
  test.each(Object.entries(faults))("that %s causes a typed error", async (_, planFit) => {
    vi.useFakeTimers();
    const result = expect(typedPlanner({ planFit }).planFit({} as FitRequest)).rejects.toMatchObject({
      name: "EngineError",
      code: "engine-failed",
      message: "The planner passed by this program failed.",
      reason: expect.stringMatching(/boom|no ledger|no answer after 60 s/),
    });
    await vi.advanceTimersByTimeAsync(PLANNER_MILLISECONDS);
    await result;
  });

  test("passes its own errors and its plan on", async () => {
    const misfit = new NanoAgentError({ code: "does-not-fit", message: "too large" });
    await expect(typedPlanner({ planFit: () => Promise.reject(misfit) }).planFit({} as FitRequest)).rejects.toBe(
      misfit,
    );
    const plan = { ledger: { peak_resident_bytes: 1 } } as never;
    expect(await typedPlanner({ planFit: async () => plan }).planFit({} as FitRequest)).toBe(plan);
  });
});

describe("an app's progress callback", () => {
  test.each<[string, () => unknown]>([
    [
      "throws",
      () => {
        throw new Error("boom");
      },
    ],
    ["rejects", () => Promise.reject(new Error("boom"))],
  ])("that %s is reported once and not called again", async (_, fail) => {
    const notices: string[] = [];
    const progress = safeProgress(fail as () => void, (notice) => notices.push(notice));
    progress?.(0.1);
    await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    progress?.(0.2);
    expect(notices).toEqual(["onLoadProgress failed and will not be called again: boom."]);
  });

  test("that never settles does not block loading", () => {
    let calls = 0;
    const progress = safeProgress(
      (() => {
        calls += 1;
        return new Promise(() => {});
      }) as never,
      () => {},
    );
    progress?.(0.1);
    progress?.(0.2);
    expect(calls).toBe(2);
  });
});
