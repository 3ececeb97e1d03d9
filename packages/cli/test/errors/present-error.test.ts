import { InvalidDataError, NanoAgentError } from "@nanoagent/models";
import { EngineError, InvalidIntentsError, InvalidToolError, NanoRuntimeError } from "@nanoagent/runtime";
import { describe, expect, test } from "vitest";
import { exitCodeFor, presentError } from "../../src/errors/present-error.js";
import { UsageError } from "../../src/errors/usage-error.js";

describe("an error for people", () => {
  test("has a message, a reason and a hint", () => {
    const error = new NanoAgentError({
      code: "x",
      message: "It broke.",
      reason: "It was old.",
      hint: "Get a new one.",
    });
    expect(presentError(error)).toBe("error: It broke.\n  why: It was old.\n  do: Get a new one.\n");
  });

  test("is a bug if it is unexpected, and shows its stack with debug", () => {
    const error = new Error("boom", { cause: new TypeError("inner") });
    expect(presentError(error)).toMatch(/^error: boom\n {2}why: This is a bug in nanoagent\.\n {2}do: .*--debug.*\n$/);
    expect(presentError(error, { debug: true })).toMatch(/at .*present-error\.test[\s\S]*caused by:\nTypeError: inner/);
    expect(presentError("just text")).toContain("error: just text");
  });

  test("has no control characters", () => {
    expect(presentError(new NanoAgentError({ code: "x", message: "\u001b[2J" }), { debug: true })).not.toContain(
      "\u001b",
    );
  });

  test("is JSON if requested", () => {
    expect(JSON.parse(presentError(new Error("boom"), { json: true }))).toMatchObject({
      error: { code: "unexpected", message: "boom" },
    });
  });
});

test.each([
  [new UsageError({ message: "m" }), 2],
  [new InvalidDataError([]), 2],
  [new EngineError({ code: "engine-unavailable", message: "m" }), 2],
  [new NanoRuntimeError({ code: "model-not-found", message: "m" }), 2],
  [new InvalidIntentsError([]), 2],
  [new InvalidToolError("valve", "it has no name"), 2],
  [new NanoRuntimeError({ code: "insufficient-memory", message: "m" }), 3],
  [new NanoRuntimeError({ code: "model-too-large", message: "m" }), 3],
  [new NanoRuntimeError({ code: "aborted", message: "m" }), 130],
  [new NanoAgentError({ code: "model-not-downloaded", message: "m" }), 2],
  [new NanoAgentError({ code: "listen-not-permitted", message: "m" }), 2],
  [new NanoAgentError({ code: "listen-failed", message: "m" }), 1],
  [new EngineError({ code: "engine-failed", message: "m" }), 1],
  [new Error("boom"), 1],
])("the exit code of %o", (error, exitCode) => expect(exitCodeFor(error)).toBe(exitCode));
