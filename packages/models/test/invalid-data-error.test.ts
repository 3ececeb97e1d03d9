import { AgentSpec, InvalidDataError, NanoAgentError } from "@nanoagent/models";
import { expect, test } from "vitest";

function refusal(value: unknown): InvalidDataError {
  const result = AgentSpec.safeParse(value);
  return new InvalidDataError(result.success ? [] : result.issues);
}

test("has the code invalid-data, all issues, and a message that names them with their places", () => {
  const error = refusal({ name: "a", max_memory_mb: "256", capabilites: [] });
  expect(error).toBeInstanceOf(NanoAgentError);
  expect(error).toMatchObject({ name: "InvalidDataError", code: "invalid-data", reason: null, hint: null });
  expect(error.issues.map((issue) => issue.path)).toEqual([["max_memory_mb"], ["capabilites"]]);
  expect(error.message).toBe(
    'max_memory_mb: expected an integer of at least 1, found "256" (a string): remove the quotes; ' +
      'capabilites: unknown key: did you mean "capabilities"?',
  );
});

test("the message has no place for an issue of the whole value", () => {
  expect(refusal([]).message).toBe("expected a map of keys and values, found a list");
});

test("is thrown by parse", () => {
  expect(() => AgentSpec.parse({})).toThrow(new InvalidDataError(refusal({}).issues));
  expect(() => AgentSpec.parse({})).toThrow("name: missing: expected a string that is not empty");
});

test("a long path is cut in the message, but not in the issues", () => {
  const key = "k".repeat(1e6);
  const error = refusal({ name: "a", [key]: 1 });
  expect(error.message).toMatch(/^k{200}…: unknown key: /);
  expect(error.message.length).toBeLessThan(400);
  expect(error.issues[0]?.path).toEqual([key]);
});

test("a symbol in the path is named in the message", () => {
  const path = [Symbol("odd")] as unknown as string[];
  const issue = { path, kind: "invalid", expected: "", found: "", nearest: null, message: "no" } as const;
  expect(new InvalidDataError([issue]).message).toBe("Symbol(odd): no");
});
