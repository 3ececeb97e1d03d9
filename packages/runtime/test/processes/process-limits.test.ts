import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { canLimitProcesses, limitedCommand, type ProcessLimits } from "../../src/processes/process-limits.js";

const MB = 2 ** 20;

/** Runs a shell script within limits, and returns its output. */
function run(script: string, limits: ProcessLimits): string {
  const { file, args, environment } = limitedCommand("/bin/sh", ["-c", script], limits);
  return spawnSync(file, args, { encoding: "utf8", env: { ...process.env, ...environment } }).stdout;
}

describe.skipIf(!canLimitProcesses())("a limited command", () => {
  test("has its limits, and writes no core dump", () => {
    const limits = { dataBytes: 300 * MB, stackBytes: MB };
    expect(run("ulimit -d; ulimit -s; ulimit -c", limits)).toBe(`${300 * 1024}\n1024\n0\n`);
  });

  test("keeps a lower limit of its parent", () => {
    const { file, args } = limitedCommand("/bin/sh", ["-c", "ulimit -d"], { dataBytes: 300 * MB });
    // Only root may raise a limit. If this is root, setpriv drops that privilege.
    const drop = process.getuid?.() === 0 ? ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--reuid=65534"] : [];
    const script = 'ulimit -d 204800; exec "$0" "$@"';
    const { stdout, error } = spawnSync("/bin/sh", ["-c", script, ...drop, file, ...args], { encoding: "utf8" });
    expect([error, stdout]).toEqual([undefined, "204800\n"]);
  });

  test.skipIf(process.platform !== "linux")("is the first to be killed when memory runs out, if requested", () => {
    expect(run("cat /proc/self/oom_score_adj", { diesFirst: true })).toBe("1000\n");
    expect(run("cat /proc/self/oom_score_adj", {})).not.toBe("1000\n");
  });

  test("runs even if a limit cannot be set or a group cannot be entered", () => {
    expect(run("echo ran; echo $NANOAGENT_GROUP", { groupFile: "/nothing/cgroup.procs" })).toBe("ran\n\n");
  });

  test("passes its arguments unchanged", () => {
    const { file, args } = limitedCommand("/bin/echo", ["$(id)", "; ls", "a  b"], { dataBytes: 300 * MB });
    expect(spawnSync(file, args, { encoding: "utf8" }).stdout).toBe("$(id) ; ls a  b\n");
  });
});
