import { expect, test } from "vitest";
import { withoutSystemd } from "../../src/service/require-systemd.js";

test("a machine without systemd: each action says what it cannot do, and what helps", () => {
  expect(withoutSystemd("install")).toMatchObject({
    code: "systemd-missing",
    message: "This machine does not run systemd, so nanoagent cannot install a service here.",
    hint: expect.stringContaining("docs/service.md"),
  });
  for (const [action, words] of [
    ["uninstall", "remove a service"],
    ["status", "show a service"],
    ["logs", "show the log of a service"],
  ] as const) {
    const error = withoutSystemd(action);
    expect(error.message).toBe(`This machine does not run systemd, so nanoagent cannot ${words} here.`);
    expect(error.hint).toContain("nanoagent status");
  }
});
