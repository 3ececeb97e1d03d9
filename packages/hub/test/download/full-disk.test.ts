import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { downloadFile } from "../../src/download/download-file.js";
import { type HubMirror, startHubMirror } from "../../src/testing/hub-mirror.js";
import { temporaryFolder } from "../temporary-folder.js";
import { buildProgram } from "./build-program.js";
import { quickly, remoteFile } from "./downloads.js";
import { randomWeights } from "./random-weights.js";

const weights = randomWeights(20_000_000);
const isLinux = process.platform === "linux";
let mirror: HubMirror;

beforeAll(async () => {
  mirror = await startHubMirror({ repositories: { "org/tiny": { files: { "a.gguf": weights } } } });
});
afterAll(() => mirror.close());

/** Mounts a file system of a size in a new folder; null where this user may not. */
function mountOf(options: string): string | null {
  const folder = path.join(temporaryFolder(), "disk");
  mkdirSync(folder);
  if (!isLinux || spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder]).status !== 0) return null;
  onTestFinished(() => void spawnSync("umount", ["-l", folder]));
  return folder;
}

test("a disk that fills up is named, and the download continues when there is space", async ({ skip }) => {
  const folder = mountOf("size=12m") ?? skip("needs the right to mount");
  const target = path.join(folder, "a.gguf");
  const file = remoteFile(mirror, weights);
  await expect(downloadFile(file, target, quickly(mirror))).rejects.toMatchObject({
    code: "download-failed",
    message: `The download of a.gguf stopped: no space is left in ${folder}.`,
    reason: expect.stringMatching(/^The disk is full \(ENOSPC\)\. \d+ more bytes must be saved\.$/),
  });
  expect(readdirSync(folder).sort()).toEqual(["a.gguf.nanoagent-blocks", "a.gguf.nanoagent-part"]);
  expect(spawnSync("mount", ["-o", "remount,size=64m", folder]).status).toBe(0);
  expect(await downloadFile(file, target, quickly(mirror))).toMatchObject({
    downloadedBytes: weights.length - 8 * 2 ** 20,
  });
  expect(readFileSync(target).equals(weights)).toBe(true);
});

test("a read-only store is an error with a way out", async ({ skip }) => {
  const folder = mountOf("size=1m") ?? skip("needs the right to mount");
  spawnSync("mount", ["-o", "remount,ro", folder]);
  for (const target of [path.join(folder, "a.gguf"), path.join(folder, "models", "org", "a.gguf")]) {
    await expect(downloadFile(remoteFile(mirror, weights), target, quickly(mirror))).rejects.toMatchObject({
      code: "store-unusable",
      reason: "The file system is read-only (EROFS).",
      hint: expect.stringMatching(/HF_HUB_CACHE/),
    });
  }
});

test.runIf(isLinux)("a limit on the size of files is named, and the partial file stays", async () => {
  const folder = temporaryFolder();
  const program = await buildProgram(folder);
  const target = path.join(folder, "models", "a.gguf");
  const limited = 'ulimit -f 20480 && exec "$0" "$@"';
  const child = spawn(
    "sh",
    ["-c", limited, process.execPath, program, JSON.stringify(remoteFile(mirror, weights)), target],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const [output, [code]] = await Promise.all([child.stdout.setEncoding("utf8").toArray(), once(child, "exit")]);
  expect(code).toBe(1);
  expect(JSON.parse(output.join(""))).toMatchObject({
    code: "download-failed",
    reason: expect.stringMatching(/EFBIG/),
  });
  expect(readdirSync(path.dirname(target)).sort()).toEqual(["a.gguf.nanoagent-blocks", "a.gguf.nanoagent-part"]);
});
