import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, readdirSync, readFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { BLOCK_BYTES } from "../../src/download/block-list.js";
import { partialPath } from "../../src/download/partial-file.js";
import { type HubMirror, startHubMirror } from "../../src/testing/hub-mirror.js";
import { temporaryFolder } from "../temporary-folder.js";
import { buildProgram } from "./build-program.js";
import { rangesOf, remoteFile } from "./downloads.js";
import { randomWeights } from "./random-weights.js";

const KILLS = Number(process.env.NANOAGENT_KILLS ?? 30);
const weights = randomWeights(4 * BLOCK_BYTES + 1_234_567);
let mirror: HubMirror;

beforeEach(async () => {
  mirror = await startHubMirror({ repositories: { "org/tiny": { files: { "a.gguf": weights } } } });
});
afterEach(() => mirror.close());

const sentBytes = () => mirror.requests.reduce((total, request) => total + request.sentBytes, 0);

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(2);

const sizeOf = (file: string) =>
  stat(file).then(
    ({ size }) => size,
    () => null,
  );

/** Adds a row to the table of attacks, if one is written. */
function writeRow(row: object): void {
  const table = process.env.NANOAGENT_SOAK_TABLE;
  if (table !== undefined) appendFileSync(table, `${JSON.stringify(row)}\n`);
}

test(
  `${KILLS} kills at random bytes cost at most a block each, and the file is right every time`,
  async () => {
    const folder = temporaryFolder();
    const program = await buildProgram(folder);
    const file = JSON.stringify(remoteFile(mirror, weights));
    const lost: number[] = [];
    const again: number[] = [];
    let kills = 0;
    for (let round = 0; kills < KILLS; round += 1) {
      const target = path.join(folder, `${round}`, "a.gguf");
      mirror.requests.splice(0);
      // Slow, so that little is on its way at any time.
      mirror.faults.trickle = { bytes: 512 * 1024, everyMilliseconds: 4 };
      let killsOfRound = 0;
      /** Size of the partial file after the last kill. */
      let keptBytes = 0;
      let isDone = false;
      // The last run of a round is not killed.
      for (const mostKills = Math.min(KILLS - kills, 6); !isDone; ) {
        const child = spawn(process.execPath, [program, file, target], { stdio: ["ignore", "pipe", "inherit"] });
        const exited = once(child, "exit");
        const output = child.stdout.setEncoding("utf8").toArray();
        const requests = rangesOf(mirror).length;
        if (killsOfRound < mostKills) {
          const killAt = sentBytes() + Math.random() * 1.3 * BLOCK_BYTES;
          while (child.exitCode === null && sentBytes() < killAt) await new Promise(setImmediate);
          if (child.kill("SIGKILL")) killsOfRound += 1;
        } else mirror.faults.trickle = null;
        const [code] = await exited;
        isDone = code === 0;
        const text = (await output).join("");
        const range = rangesOf(mirror)[requests];
        if (range !== undefined) {
          // The rest of the block was in memory, or on its way.
          const lostBytes = keptBytes - Number(/\d+/.exec(range ?? "0")?.[0]);
          expect(lostBytes).toBeLessThanOrEqual(BLOCK_BYTES);
          lost.push(Math.max(0, lostBytes));
        }
        keptBytes = (await sizeOf(partialPath(target))) ?? keptBytes;
        if (code !== null && code !== 0) expect.fail(text);
      }
      expect(readFileSync(target).equals(weights)).toBe(true);
      expect(readdirSync(path.dirname(target))).toEqual(["a.gguf"]);
      again.push(sentBytes() - weights.length);
      kills += killsOfRound;
    }
    writeRow({
      attack: "kill -9 during a download",
      kills,
      "bytes on disk that were dropped a kill, MB": megabytes(lost.reduce((sum, bytes) => sum + bytes, 0) / kills),
      "bytes sent again a kill, MB": megabytes(again.reduce((sum, bytes) => sum + bytes, 0) / kills),
    });
  },
  60_000 + KILLS * 10_000,
);

test("after a kill, what is on the disk are the file's own bytes, and the next run begins at once", async () => {
  const folder = temporaryFolder();
  const program = await buildProgram(folder);
  const target = path.join(folder, "a.gguf");
  const file = JSON.stringify(remoteFile(mirror, weights));
  mirror.faults.stall = { afterBytes: 2 * BLOCK_BYTES + 100_000, times: 1 };
  const child = spawn(process.execPath, [program, file, target], { stdio: ["ignore", "pipe", "inherit"] });
  await expect.poll(() => linesOf(`${target}.nanoagent-blocks`), { timeout: 50_000 }).toBe(3);
  expect(readdirSync(folder)).toContain("a.gguf.nanoagent-lock");
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
  const partial = readFileSync(partialPath(target));
  expect(partial.equals(weights.subarray(0, partial.length))).toBe(true);
  const second = spawn(process.execPath, [program, file, target], { stdio: ["ignore", "pipe", "inherit"] });
  const [output, [code]] = await Promise.all([second.stdout.setEncoding("utf8").toArray(), once(second, "exit")]);
  expect(code).toBe(0);
  expect(JSON.parse(output.join(""))).toMatchObject({ downloadedBytes: weights.length - 2 * BLOCK_BYTES });
});

test("of three processes that download one target, the others go on when the first is killed", async () => {
  const folder = temporaryFolder();
  const program = await buildProgram(folder);
  const target = path.join(folder, "models", "a.gguf");
  const file = JSON.stringify(remoteFile(mirror, weights));
  mirror.faults.stall = { afterBytes: BLOCK_BYTES + 100_000, times: 1 };
  const children = [1, 2, 3].map(() =>
    spawn(process.execPath, [program, file, target], { stdio: ["ignore", "pipe", "inherit"] }),
  );
  const results = children.map(async (child) => {
    const [output, [code]] = await Promise.all([child.stdout.setEncoding("utf8").toArray(), once(child, "exit")]);
    return code === 0 ? JSON.parse(output.join("")) : null;
  });
  await expect.poll(() => sentBytes(), { timeout: 50_000 }).toBe(BLOCK_BYTES + 100_000);
  await expect.poll(() => linesOf(`${target}.nanoagent-blocks`), { timeout: 50_000 }).toBe(2);
  // The others wait: each has a file of its own beside the lock.
  const waiting = () => readdirSync(path.dirname(target)).filter((name) => name.includes("-lock.new-")).length;
  await expect.poll(waiting, { timeout: 50_000 }).toBe(2);
  const { pid } = JSON.parse(readFileSync(`${target}.nanoagent-lock`, "utf8"));
  process.kill(pid, "SIGKILL");
  const ends = await Promise.all(results);
  expect(ends.filter((end) => end === null)).toHaveLength(1);
  expect(ends.flatMap((end) => (end === null ? [] : [end.isShared])).sort()).toEqual([false, true]);
  expect(sentBytes()).toBe(weights.length + 100_000);
  expect(readFileSync(target).equals(weights)).toBe(true);
  expect(readdirSync(path.dirname(target))).toEqual(["a.gguf"]);
});

function linesOf(file: string): number {
  return readFileSync(file, "latin1").split("\n").length - 1;
}
