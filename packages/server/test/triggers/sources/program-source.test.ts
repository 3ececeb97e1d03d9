import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test, vi } from "vitest";
import { ProgramSource } from "../../../src/triggers/sources/program-source.js";
import type { SourceContext } from "../../../src/triggers/sources/source-context.js";
import { AcceptedEvents, patience, sourceContext } from "./accepted-events.js";

const isWindows = process.platform === "win32";

function startProgram(script: string, context: Partial<SourceContext> = {}, environment?: Record<string, string>) {
  const events = new AcceptedEvents();
  const settings = { command: ["sh", "-c", script], ...(environment && { environment }) };
  const source = new ProgramSource(settings, sourceContext(context), { firstPauseMilliseconds: 20 });
  source.start(events.accept);
  return { events, source, [Symbol.asyncDispose]: () => source.close() };
}

describe.skipIf(isWindows)("a program as a source", () => {
  test("makes an event of each line: JSON, a number or text", async () => {
    await using run = startProgram(
      `printf '{"a":1}\\n23.5\\r\\n\\nmotion in hall\\n'; echo $OWN; exec sleep 60`,
      {},
      { OWN: "own" },
    );
    await vi.waitFor(() => expect(run.events.payloads).toEqual([{ a: 1 }, 23.5, "motion in hall", "own"]), patience);
    expect(run.events.all[0]).toMatchObject({ trigger: "test", at: expect.any(Number) });
    expect(run.source.state).toEqual({ status: "listening", problem: null });
  });

  test("is started again when it ends, and says how it ended", async () => {
    const onNotice = vi.fn();
    await using run = startProgram("echo once; echo no sensor >&2; exit 3", { onNotice });
    await vi.waitFor(() => expect(run.events.all.length).toBeGreaterThan(2), patience);
    await vi.waitFor(
      () =>
        expect(run.source.state).toEqual({
          status: "failing",
          problem:
            "The program sh ended with code 3, and said: no sensor. It is started again after a pause. Correct the command, or the program.",
        }),
      patience,
    );
  });

  test("a problem is reported once", async () => {
    const onNotice = vi.fn();
    const source = new ProgramSource({ command: ["no-such-program-x"] }, sourceContext({ onNotice }), {
      firstPauseMilliseconds: 5,
    });
    source.start(new AcceptedEvents().accept);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await source.close();
    expect(onNotice).toHaveBeenCalledOnce();
    expect(source.state.problem).toMatch(/no-such-program-x/);
  });

  test("leaves out a line of more than 64 KB and goes on", async () => {
    const onNotice = vi.fn();
    await using run = startProgram("head -c 70000 /dev/zero | tr '\\0' x; echo; echo after; exec sleep 60", {
      onNotice,
    });
    await vi.waitFor(() => expect(run.events.payloads).toEqual(["after"]), patience);
    expect(onNotice.mock.calls).toEqual([
      ["sh printed a line of more than 64 KB, which was left out. Print shorter lines."],
    ]);
  });

  test("waits while the queue is full, and loses nothing", async () => {
    await using run = startProgram("i=0; while [ $i -lt 20000 ]; do echo $i; i=$((i+1)); done; exec sleep 60");
    run.events.answer = () => ({ status: "refused", reason: "full" });
    await vi.waitFor(() => expect(run.source.state.problem).toMatch(/^The queue of this trigger is full/), patience);
    run.events.answer = () => null;
    await vi.waitFor(() => expect(run.events.all).toHaveLength(20_000), patience);
    expect(run.events.payloads).toEqual(Array.from({ length: 20_000 }, (_, number) => number));
  });

  test("ends with all that it started", async () => {
    const run = startProgram("trap '' TERM; sleep 60 & echo $!; wait; wait");
    await vi.waitFor(() => expect(run.events.all).toHaveLength(1), patience);
    const child = `/proc/${run.events.payloads[0]}/cmdline`;
    await run.source.close();
    // A dead process that nobody reaps has an empty command line.
    await vi.waitFor(() => expect(existsSync(child) && readFileSync(child, "utf8")).toBeFalsy(), patience);
  });

  test("can be closed at once", async () => {
    const run = startProgram("echo x");
    await run.source.close();
    await run.source.close();
  });
});
