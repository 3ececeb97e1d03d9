import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { readSession } from "@nanoagent/runtime/node";
import { expect, onTestFinished, test } from "vitest";
import { Attack, times } from "./attack.js";
import { TalkingProgram } from "./talking-program.js";
import { temporaryFolder } from "./temporary-folder.js";

const SIZE_KB = 256;

/** Mounts a small file system; returns false if that is not allowed. */
function mountSmall(folder: string): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  mkdirSync(folder, { recursive: true });
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${SIZE_KB}k`, "tmpfs", folder]);
  return status === 0;
}

const probe = `/tmp/nanoagent-soak-probe-${process.pid}`;
const canMount = mountSmall(probe);
if (canMount) spawnSync("umount", [probe]);
rmSync(probe, { recursive: true, force: true });

test.skipIf(!canMount)(
  `a disk that becomes full at ${times(100)} points (needs root to mount a small disk)`,
  async () => {
    const folder = await temporaryFolder();
    const disk = path.join(folder, "disk");
    expect(mountSmall(disk)).toBe(true);
    onTestFinished(() => void spawnSync("umount", [disk]));
    const config = path.join(folder, "agent.yaml");
    writeFileSync(config, "spec: {name: a, max_memory_mb: 128}\nsession: {dir: disk/session}\n");
    const attack = new Attack("a disk that becomes full");
    let refusals = 0;
    for (let point = 0; point < times(100); point++) {
      for (const name of readdirSync(disk)) rmSync(path.join(disk, name), { recursive: true });
      // The free space ranges from zero to several turns.
      const leftKb = Math.floor((point * 40) / times(100));
      const ballastKb = Math.max(0, SIZE_KB - leftKb - 8);
      writeFileSync(path.join(disk, "ballast"), Buffer.alloc(ballastKb * 1024));
      const agent = new TalkingProgram(config);
      const acknowledged: string[] = [];
      let refused = 0;
      const say = async (question: string) => {
        const answer = await agent.ask(question);
        if (answer?.content !== undefined) acknowledged.push(question);
        else if (answer !== null) refused += 1;
        return answer;
      };
      const opened = (await say(`first ${"x".repeat(2000)}`)) !== null;
      for (let index = 0; opened && index < 12; index++) await say(`question ${index} ${"y".repeat(3000)}`);
      if (!opened && agent.stderr === "") attack.silent(`point ${point}: the program ended`);
      // After space is freed, the same program continues.
      rmSync(path.join(disk, "ballast"));
      if (opened && refused > 0 && (await say("after room was made"))?.content === undefined) {
        attack.wrong(`point ${point}: refused although there is room`);
      }
      await agent.end();
      const kept: string[] = [];
      const session = path.join(disk, "session");
      if (acknowledged.length > 0) {
        for await (const { messages } of readSession(session)) kept.push(messages[0]?.content ?? "");
      }
      for (const question of acknowledged) if (!kept.includes(question)) attack.lost(`point ${point}: ${question}`);
      attack.tried();
      refusals += refused;
    }
    // Without refusals the disk was never full.
    expect(refusals).toBeGreaterThan(0);
    attack.finish();
  },
  1_800_000,
);
