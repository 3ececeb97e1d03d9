import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Updater } from "@nanoagent/fleet";
import { type ApplyResult, FleetError, type UpdateStep } from "@nanoagent/fleet/bundles";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { runThroughUpdater, UnreachableService } from "../../src/updates/run-through-updater.js";
import { openUpdateSocket } from "../../src/updates/update-socket.js";

type Apply = (options: { signal: AbortSignal; onStep: (step: UpdateStep, share: null) => void }) => Promise<unknown>;

afterEach(() => vi.unstubAllEnvs());

/** Hands an update to a service in this process. Its program is interrupted with `stop`. */
async function handOver(apply: Apply, onStep: (step: UpdateStep) => void, stop = new AbortController()) {
  vi.stubEnv("XDG_RUNTIME_DIR", mkdtempSync(path.join(tmpdir(), "nu-")));
  const updater = { applyFile: (_: string, __: unknown, options: never) => apply(options) };
  const socket = await openUpdateSocket(() => Promise.resolve(updater as unknown as Updater));
  onTestFinished(() => socket?.close());
  const request = { action: "apply", file: "/a.bundle", keys: [] } as const;
  return runThroughUpdater(process.pid, request, { signal: stop.signal, onStep });
}

/** Ends with the signal. */
function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

test.each(["checking", "proving"] as const)("an update that is interrupted while %s is given up", async (step) => {
  const stop = new AbortController();
  const update = handOver(
    ({ signal, onStep }) => {
      onStep(step, null);
      return untilAborted(signal);
    },
    () => stop.abort(),
    stop,
  );
  await expect(update).rejects.toMatchObject({
    code: "aborted",
    message: expect.stringContaining("gives the update up."),
  });
});

test("an interrupted update goes on once its release may be in use", async () => {
  const stop = new AbortController();
  const update = handOver(
    ({ onStep }) => {
      onStep("starting", null);
      return new Promise(() => {});
    },
    () => stop.abort(),
    stop,
  );
  await expect(update).rejects.toMatchObject({ code: "aborted", message: expect.stringContaining("service goes on") });
});

test("a service that ends before the change can be asked again, and its end during the change is undecided", async () => {
  const ends = () => Promise.reject(new FleetError({ code: "update-undecided", message: "The service ends." }));
  await expect(handOver(ends, () => {})).rejects.toBeInstanceOf(UnreachableService);
  const during: Apply = ({ onStep }) => {
    onStep("starting", null);
    return ends();
  };
  await expect(handOver(during, () => {})).rejects.toMatchObject({
    code: "update-undecided",
    message: "The service ended during the update.",
  });
});

test("the result is handed back", async () => {
  const result = { state: "applied", sequence: 2 } as unknown as ApplyResult;
  expect(
    await handOver(
      () => Promise.resolve(result),
      () => {},
    ),
  ).toEqual(result);
});
