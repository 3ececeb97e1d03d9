import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatTime } from "../../src/output/format-time.js";
import { formatLogLine } from "../../src/service/format-log.js";

const at = "1764455000123456";
const time = formatTime(new Date(1_764_455_000_123));
const line = (message: unknown) => JSON.stringify({ __REALTIME_TIMESTAMP: at, MESSAGE: message, PRIORITY: "6" });

describe("lines of the log", () => {
  test("of the service have time, level, event and facts", () => {
    const entry = { time: "2026-11-29T22:00:00Z", level: "info", event: "turn-end", outcome: "ok", tokens: 7 };
    expect(formatLogLine(line(JSON.stringify(entry)))).toBe(`${time} info  turn-end: outcome=ok tokens=7`);
    const told = { level: "warn", event: "notice", message: "Memory is short.", path: "/a b", x: { y: [1] } };
    expect(formatLogLine(line(JSON.stringify(told)))).toBe(
      `${time} warn  notice: Memory is short. path="/a b" x={"y":[1]}`,
    );
  });

  test("of systemd and of tools keep their text", () => {
    expect(formatLogLine(line("Started nanoagent."))).toBe(`${time} Started nanoagent.`);
    expect(formatLogLine(line("{ not JSON"))).toBe(`${time} { not JSON`);
    expect(formatLogLine(line('{"a":1}'))).toBe(`${time} {"a":1}`);
  });

  test("with other bytes than text are a list of bytes, and controls are escaped", () => {
    expect(formatLogLine(line([...Buffer.from("ok \u001b[31m")]))).toBe(`${time} ok \\u001b[31m`);
  });

  test("are never an exception, and never more than one line", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json().map(line), fc.json()), (text) => {
        expect(formatLogLine(text) ?? "").not.toMatch(/\p{Cc}/u);
      }),
    );
  });
});
