import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { entriesIn, gatherLastErrors } from "../../src/doctor/sections/last-errors.js";

const line = (message: unknown, more: object = {}) =>
  JSON.stringify({
    MESSAGE: typeof message === "string" ? message : JSON.stringify(message),
    __REALTIME_TIMESTAMP: "1767322745000000",
    _SYSTEMD_UNIT: "nanoagent.service",
    SYSLOG_IDENTIFIER: "node",
    ...more,
  });

describe("entries of a journal", () => {
  test("are the warnings and errors of the program, without texts of people", () => {
    const turn = {
      level: "warn",
      event: "turn-end",
      code: "engine-crashed",
      message: "my diary",
      reply: "ok",
      conversation: "anna",
    };
    const entries = entriesIn(
      [
        line({ level: "info", event: "turn-end", message: "my diary" }),
        line({ time: "…", ...turn }),
        line({ level: "error", event: "reload-refused", message: "The new config has an error." }),
        line("Listening on http://127.0.0.1:8080"),
        line("error: The config file agent.yaml cannot be read."),
        line("  do: Check its path."),
        line("Main process exited, code=killed", { SYSLOG_IDENTIFIER: "systemd", UNIT: "nanoagent.service" }),
        "not JSON",
        JSON.stringify({ MESSAGE: [1, 2, 3] }),
        "",
      ].join("\n"),
    );
    expect(entries.map(({ facts }) => facts)).toEqual([
      { level: "warn", event: "turn-end", code: "engine-crashed" },
      { level: "error", event: "reload-refused", message: "The new config has an error." },
      "error: The config file agent.yaml cannot be read.",
      "  do: Check its path.",
      "Main process exited, code=killed",
    ]);
    expect(entries[0]).toMatchObject({ time: "2026-01-02T02:59:05.000Z", unit: "nanoagent.service" });
  });
});

describe.skipIf(process.platform !== "linux")("the journals of systemd", () => {
  function install(script: string): void {
    const folder = mkdtempSync(path.join(tmpdir(), "nanoagent-journal-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    vi.stubEnv("PATH", folder);
    onTestFinished(() => void vi.unstubAllEnvs());
    if (script === "") return;
    const program = path.join(folder, "journalctl");
    writeFileSync(program, `#!/bin/sh\n${script}\n`);
    chmodSync(program, 0o755);
  }

  test("both are read", async () => {
    install(`case "$*" in *--user-unit=nanoagent.service*) echo '${line({ level: "warn", event: "of-user" })}';;
      *) echo '${line({ level: "error", event: "of-system" })}';; esac`);
    const { data } = await gatherLastErrors(new AbortController().signal);
    const { entries } = data as { entries: { facts: { event: string } }[] };
    expect(entries.map(({ facts }) => facts.event).sort()).toEqual(["of-system", "of-user"]);
  });

  test.each([
    ["", "has no journalctl"],
    ["exit 1", "failed (1)"],
  ])("with %j the report says why it has no lines", async (script, why) => {
    install(script);
    expect((await gatherLastErrors(new AbortController().signal)).summary).toContain(why);
  });

  test("one that never ends is ended with the part", async () => {
    install("exec sleep 600");
    vi.stubEnv("PATH", `${process.env.PATH}:/usr/bin:/bin`);
    const stopping = new AbortController();
    setTimeout(() => stopping.abort(), 100);
    expect((await gatherLastErrors(stopping.signal)).summary).toContain("failed");
  });
});
