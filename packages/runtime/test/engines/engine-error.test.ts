import { NanoAgentError } from "@nanoagent/models";
import { expect, test } from "vitest";
import { asEngineError, EngineError } from "../../src/engines/engine-error.js";

test("a NanoAgentError is returned unchanged", () => {
  const error = new NanoAgentError({ code: "context-exceeded", message: "too long" });
  expect(asEngineError(error, { message: "llama.cpp failed." })).toBe(error);
});

test("any other error becomes engine-failed, by default with its own message", () => {
  const cause = new Error("decode failed");
  const error = asEngineError(cause);
  expect(error).toBeInstanceOf(EngineError);
  expect(error).toMatchObject({ code: "engine-failed", message: "decode failed", reason: null, cause });
  expect(asEngineError(cause, { message: "llama.cpp failed.", hint: "Ask again." })).toMatchObject({
    message: "llama.cpp failed.",
    reason: "decode failed",
    hint: "Ask again.",
  });
  expect(asEngineError("a text")).toMatchObject({ code: "engine-failed", message: "a text" });
});
