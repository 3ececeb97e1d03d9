import { execFileSync, spawnSync } from "node:child_process";
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { program, repository, runProgram } from "./run-program.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nanoagent-service-"));
  await chmod(folder, 0o755);
});
afterAll(() => rm(folder, { recursive: true }));

const unitFile = path.join(repository, "examples/service/nanoagent.service");
const has = (name: string) => spawnSync("sh", ["-c", `command -v ${name}`]).status === 0;

describe("the systemd unit", () => {
  test("does not restart with an invalid config", async () => {
    const [, codes] = /^RestartPreventExitStatus=(.*)$/m.exec(await readFile(unitFile, "utf8")) ?? [];
    expect(codes?.split(" ")).toEqual(["2", "3"]);
    await writeFile(path.join(folder, "wrong.yaml"), "spec: {nam: a}\n");
    await writeFile(path.join(folder, "large.yaml"), "spec: {name: a, max_memory_mb: 9999999}\n");
    for (const [file, code] of [
      ["wrong.yaml", 2],
      ["missing.yaml", 2],
      ["large.yaml", 3],
    ] as const) {
      expect((await runProgram(["serve", "--config", path.join(folder, file)])).exitCode).toBe(code);
    }
  });

  test.skipIf(process.getuid?.() !== 0 || !has("setpriv"))(
    "runs the config of init as another user without a home folder",
    async () => {
      const config = path.join(folder, "etc", "agent.yaml");
      const state = path.join(folder, "state");
      expect((await runProgram(["init", config, "--yes"])).exitCode).toBe(0);
      await mkdir(state);
      // The program is copied to a folder that every user can read.
      const copy = path.join(folder, "program");
      await cp(path.dirname(program), copy, { recursive: true });
      await writeFile(path.join(folder, "package.json"), '{"type": "module"}');
      execFileSync("chown", ["65534:65534", state]);
      for (const home of [[], ["HOME=/"], ["HOME=/nonexistent"]]) {
        const { status, stdout, stderr } = spawnSync(
          "setpriv",
          [
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
            "env",
            "-i",
            "PATH=/usr/bin:/bin",
            `STATE_DIRECTORY=${state}`,
            `XDG_STATE_HOME=${state}`,
            ...home,
            process.execPath,
            path.join(copy, "main.js"),
            "run",
            "--config",
            config,
            "--device",
            "auto",
            "--once",
            "note that it works",
          ],
          { cwd: state, encoding: "utf8", timeout: 60_000 },
        );
        expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
        expect(stdout).toContain("Noted: it works");
      }
      expect((await readdir(state)).length).toBeGreaterThan(0);
      expect(await readdir(path.dirname(config))).toEqual([".nanoagent", "agent.yaml"]);
    },
  );
});

test("init keeps placeholders in names and folders literal", async () => {
  const config = path.join(folder, "new", "agent.yaml");
  const dir = path.join(folder, "new", "$" + "{HOME}");
  await runProgram(["init", config, "--yes", "--session-dir", dir, "--name", "a $" + "{B}"]);
  expect((await runProgram(["run", "--config", config, "--once", "hi"])).stdout).toContain("Hello from a $" + "{B}!");
  expect(await readdir(path.dirname(config))).toContain("$" + "{HOME}");
});
