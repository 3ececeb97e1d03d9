import type { PermissionRequest } from "@nanoagent/runtime";
import { expect, test, vi } from "vitest";
import { describeRun, shownJson } from "../../src/page/display-text.js";
import { PageQuestions } from "../../src/page/page-questions.js";
import { PermissionDesk } from "../../src/permissions/permission-desk.js";

const request: PermissionRequest = {
  tool: "lamp",
  description: "Switches.",
  arguments: { on: true },
  changes_world: true,
  will_run: { kind: "function" },
};
const { signal } = new AbortController();
const ask = (desk: PermissionDesk) => desk.ask(request, { signal, stream: null });

test("questions wait for a page that comes back in time, and are refused after that", async () => {
  vi.useFakeTimers();
  const desk = new PermissionDesk({ askSeconds: 600 });
  const onChange = vi.fn();
  const questions = new PageQuestions(desk, onChange);
  expect(await ask(desk)).toBe(false);
  questions.enter();
  const first = ask(desk);
  expect(onChange).toHaveBeenCalledTimes(1);
  expect(questions.list()).toMatchObject([{ tool: "lamp", seconds: 600, changes_world: true }]);
  questions.leaveLater();
  await vi.advanceTimersByTimeAsync(59_000);
  questions.enter();
  await vi.advanceTimersByTimeAsync(120_000);
  expect(questions.list()).toHaveLength(1);
  desk.answer(questions.list()[0]?.id ?? "", true);
  expect(await first).toBe(true);
  expect(onChange).toHaveBeenCalledTimes(2);
  const second = ask(desk);
  questions.leaveLater();
  questions.leaveLater();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await second).toBe(false);
  expect(await ask(desk)).toBe(false);
  vi.useRealTimers();
});

test("a question has everything that runs, with every character visible", () => {
  const command = ["/usr/bin/rm", "-rf", "two words", "a\u202Eb"];
  expect(describeRun({ kind: "command", command, working_directory: "/home/pi", environment: { A: "1" } })).toBe(
    'Command: /usr/bin/rm -rf "two words" "a\\u202eb"\nFolder: /home/pi\nEnvironment: A=1',
  );
  expect(describeRun({ kind: "mcp", server: "files", tool: "read", url: "http://x.lan/mcp" })).toBe(
    "Server: files\nIts tool: read\nAddress: http://x.lan/mcp",
  );
  expect(shownJson({ text: "zero\u200Bwidth" })).toBe('{\n  "text": "zero\\u200bwidth"\n}');
  expect(shownJson(undefined)).toBe("{}");
  const long = shownJson({ text: "x".repeat(200_000) });
  expect(long.length).toBeLessThan(100_200);
  expect(long).toMatch(/more characters, which are not shown$/);
});
