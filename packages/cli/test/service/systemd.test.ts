import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { describeExit, staysStopped } from "../../src/service/describe-exit.js";
import { urlOf } from "../../src/service/install-service.js";
import { runTool } from "../../src/service/run-tool.js";
import { Systemd } from "../../src/service/systemd.js";
import { readState } from "../../src/service/unit-state.js";

const running = `LoadState=loaded
ActiveState=active
SubState=running
Result=success
UnitFileState=enabled
ExecMainStatus=0
ExecMainCode=0
StatusText=Listening on http://127.0.0.1:7420
MainPID=512
StateChangeTimestamp=@1764455000
ExecMainStartTimestamp=Sat 2025-11-29 22:23:05 UTC
MemoryCurrent=64000000
MemoryMax=268435456
NRestarts=2
FragmentPath=/etc/systemd/system/nanoagent.service
DropInPaths=/etc/systemd/system/nanoagent.service.d/a.conf /run/b.conf
`;

describe("the state of a unit", () => {
  test("is read from systemctl show", () => {
    const state = readState(running);
    expect(state).toMatchObject({
      isLoaded: true,
      active: "active",
      exitCode: null,
      pid: 512,
      since: 1_764_455_000,
      startedAt: Date.UTC(2025, 10, 29, 22, 23, 5) / 1000,
      memoryBytes: 64_000_000,
      memoryMaxBytes: 268_435_456,
      restarts: 2,
      dropIns: ["/etc/systemd/system/nanoagent.service.d/a.conf", "/run/b.conf"],
    });
    expect(urlOf(state)).toBe("http://127.0.0.1:7420");
  });

  test("has null for what systemd does not know", () => {
    const state = readState(
      "LoadState=not-found\nMainPID=0\nMemoryCurrent=[not set]\nMemoryMax=infinity\nStateChangeTimestamp=\n",
    );
    expect(state).toMatchObject({ isLoaded: false, pid: null, memoryBytes: null, memoryMaxBytes: null, since: null });
    expect(readState("MemoryCurrent=18446744073709551615").memoryBytes).toBeNull();
    expect(urlOf(state)).toBeNull();
  });

  test("can be read from any text", () => {
    fc.assert(fc.property(fc.string(), (text) => readState(text).restarts === 0 || text.includes("NRestarts")));
  });

  test.each([
    ["success", null, null, false],
    [
      "exit-code",
      2,
      "exit code 2, the config, a key or a certificate is wrong, the model is not downloaded, or the port is not permitted",
      true,
    ],
    ["exit-code", 3, "exit code 3, the agent does not fit the memory", true],
    ["exit-code", 1, "exit code 1, it failed", false],
    ["exit-code", 203, "exit code 203, systemd could not start the program", false],
    ["exit-code", 77, "exit code 77", false],
    ["watchdog", null, "it hung, so the watchdog ended it", false],
    ["oom-kill", null, "it needed more memory than its limit", false],
    ["signal", null, "a signal ended it", false],
    ["protocol", null, "protocol", false],
  ])("%s %s", (result, exitCode, words, isFinal) => {
    if (words === null) expect(describeExit({ result, exitCode })).toBeNull();
    else expect(describeExit({ result, exitCode })).toContain(words);
    expect(staysStopped({ result, exitCode })).toBe(isFinal);
  });
});

describe.skipIf(process.platform === "win32")("programs of systemd", () => {
  test("run with their arguments as they are, and end in time", async () => {
    const outcome = await runTool("sh", ["-c", 'printf %s "$1"; exit 3', "sh", "$HOME; *"]);
    expect(outcome).toEqual({ exitCode: 3, stdout: "$HOME; *", stderr: "" });
    expect((await runTool("sleep", ["60"], { milliseconds: 50 })).exitCode).toBeNull();
    const stop = AbortSignal.timeout(50);
    expect((await runTool("sleep", ["60"], { signal: stop })).exitCode).toBeNull();
  });

  test("fail with their own words", async () => {
    const systemd = new Systemd(true, async (_, args) => ({
      exitCode: 1,
      stdout: "",
      stderr: `no ${args.join(" ")}\n`,
    }));
    await expect(systemd.control(["daemon-reload"])).rejects.toMatchObject({
      code: "systemd-failed",
      message: "systemctl --user daemon-reload failed: no --user daemon-reload",
    });
    const missing = new Systemd(false, () => Promise.reject(new Error("spawn systemctl ENOENT")));
    await expect(missing.control(["daemon-reload"])).rejects.toMatchObject({
      code: "systemd-failed",
      message: "systemctl failed: spawn systemctl ENOENT",
    });
  });
});
