import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { repository } from "../run-program.js";

const page = readFileSync(path.join(repository, "docs/service.md"), "utf8");

/** Returns the shell block of the page that has this text. */
function blockWith(text: string): string {
  const block = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].find(([, code]) => code?.includes(text))?.[1];
  if (block === undefined) throw new Error(`docs/service.md has no block with ${text}`);
  return block;
}

function writeProgram(folder: string, name: string, script: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(path.join(folder, name), 0o755);
}

describe.skipIf(process.platform === "win32")("the recipe for cron", () => {
  test.each(["plain", "with space", "100% 'sure' \"quoted\" $x"])("works with a PATH %s", async (name) => {
    const folder = mkdtempSync(path.join(tmpdir(), "nanoagent-recipe-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
    const home = path.join(folder, `home ${name}`);
    mkdirSync(path.join(home, "agent"), { recursive: true });
    writeFileSync(path.join(home, "agent/keep-running.sh"), blockWith("while true"));
    const bin = path.join(folder, name, "bin");
    // Exit code 2 ends the loop.
    writeProgram(bin, "nanoagent", 'echo "$PWD $*" >> "$HOME/calls"; exit 2');
    writeProgram(bin, "crontab", 'if [ "$1" = -l ]; then cat "$HOME/crontab"; else cat > "$HOME/crontab.new"; fi');
    writeFileSync(path.join(home, "crontab"), "0 0 * * * true\n");
    const calls = () => readFileSync(path.join(home, "calls"), "utf8").trim().split("\n");
    const call = `${path.join(home, "agent")} serve --config agent.yaml`;

    const environment = { HOME: home, PATH: `${bin}:/usr/bin:/bin` };
    const setUp = spawnSync("sh", ["-c", blockWith("crontab -l")], { env: environment, encoding: "utf8" });
    expect(setUp).toMatchObject({ status: 0, stderr: "" });
    await vi.waitFor(() => expect(calls()).toEqual([call]), { timeout: 20_000 });

    const [kept, line = ""] = readFileSync(path.join(home, "crontab.new"), "utf8").trimEnd().split("\n");
    expect(kept).toBe("0 0 * * * true");
    // Cron takes a percent sign for the end of a line.
    expect(line).toMatch(/^@reboot [^%]+$/);
    const boot = spawnSync("/bin/sh", ["-c", line.replace("@reboot ", "")], {
      env: { HOME: home, PATH: "/usr/bin:/bin" },
      encoding: "utf8",
    });
    expect(boot).toMatchObject({ stderr: "", stdout: "" });
    expect(calls()).toEqual([call, call]);
  });
});

test("OpenRC counts the ends of starts that take 20 seconds, too", () => {
  const script = blockWith("openrc-run");
  const numberOf = (name: string) => Number(new RegExp(`^${name}=(\\d+)$`, "m").exec(script)?.[1]);
  const longest = numberOf("respawn_max") * (numberOf("respawn_delay") + 20);
  expect(numberOf("respawn_period")).toBeGreaterThanOrEqual(longest);
});
