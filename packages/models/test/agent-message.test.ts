import { AgentMessage } from "@nanoagent/models";
import { afterEach, describe, expect, test, vi } from "vitest";
import { issuesOf } from "./issues-of.js";

afterEach(() => {
  vi.useRealTimers();
});

describe("the timestamp", () => {
  test("defaults to the current time in UTC", () => {
    vi.useFakeTimers({ now: new Date("2026-01-31T23:30:00.250-08:00"), toFake: ["Date"] });
    expect(AgentMessage.parse({ role: "user", content: "hello" })).toEqual({
      role: "user",
      content: "hello",
      timestamp: "2026-02-01T07:30:00.250Z",
    });
    vi.advanceTimersByTime(1000);
    expect(AgentMessage.parse({ role: "user", content: "hello", timestamp: undefined }).timestamp).toBe(
      "2026-02-01T07:30:01.250Z",
    );
  });

  test.each(["2026-01-31T12:00:00Z", "2026-01-31T12:00:00.5Z", "2024-02-29T23:59:59.123456Z", "0001-01-01T00:00:00Z"])(
    "%s is kept unchanged",
    (timestamp) => {
      expect(AgentMessage.parse({ role: "tool", content: "", timestamp }).timestamp).toBe(timestamp);
    },
  );

  test.each([
    "2026-01-31T12:00:00+02:00",
    "2026-01-31T12:00:00+00:00",
    "2026-01-31T12:00:00",
    "2026-01-31 12:00:00Z",
    "2026-01-31t12:00:00z",
    "2026-01-31",
    "2026-02-30T12:00:00Z",
    "2026-01-31T24:00:00Z",
    "2026-01-31T12:00:00Z\n",
    "1769860800",
    "now",
    "",
  ])("%j is refused", (timestamp) => {
    expect(issuesOf(AgentMessage, { role: "user", content: "hello", timestamp })).toEqual([
      `timestamp (invalid): expected an ISO 8601 time in UTC, such as 2026-01-31T12:00:00Z, found ${JSON.stringify(timestamp)} (a string)`,
    ]);
  });

  test.each([1769860800000, null, new Date(0), true])("%j is refused", (timestamp) => {
    expect(AgentMessage.safeParse({ role: "user", content: "hello", timestamp }).success).toBe(false);
  });
});

test.each(["system", "user", "assistant", "tool"])("the role %s is accepted", (role) => {
  expect(AgentMessage.parse({ role, content: "hello" }).role).toBe(role);
});

test("the content may be empty, and is kept unchanged", () => {
  for (const content of ["", " a\u0000b\r\n ", "\ud800", "é".normalize("NFD")]) {
    expect(AgentMessage.parse({ role: "user", content }).content).toBe(content);
  }
});

test.each([
  [
    { role: "User" },
    'role (invalid): expected "system" or "user" or "assistant" or "tool", found "User" (a string): did you mean "user"?',
  ],
  [
    { role: "function" },
    'role (invalid): expected "system" or "user" or "assistant" or "tool", found "function" (a string)',
  ],
  [{ role: null }, 'role (invalid): expected "system" or "user" or "assistant" or "tool", found null'],
  [{ role: undefined }, 'role (missing): missing: expected "system" or "user" or "assistant" or "tool"'],
  [{ content: undefined }, "content (missing): missing: expected a string"],
  [{ content: 7 }, "content (invalid): expected a string, found 7: put it in quotes"],
  [{ content: ["hello"] }, 'content (invalid): expected a string, found a list: write "hello", without brackets'],
  [{ contents: "hello" }, 'contents (unknown-key): unknown key: did you mean "content"?'],
])("%j is refused", (change, issue) => {
  expect(issuesOf(AgentMessage, { role: "user", content: "hello", ...change })).toEqual([issue]);
});
