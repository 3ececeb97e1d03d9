import { readFileSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { type HubMirror, startHubMirror } from "@nanoagent/hub/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { resultOf } from "../run-program.js";
import { Device, filesIn, linesOf } from "./device.js";
import { largeModel, sha256 } from "./tiny-models.js";

const LARGE = "org/large-GGUF";
const BLOCK_BYTES = 8 * 2 ** 20;
const large = largeModel();
let mirror: HubMirror;
let device: Device;

beforeEach(async () => {
  mirror = await startHubMirror({ repositories: { [LARGE]: { files: { "large-F16.gguf": large } } } });
  device = new Device({ HF_ENDPOINT: mirror.url });
});
afterEach(() => mirror.close());

const blob = () => path.join(device.cacheOf(LARGE), "blobs", sha256(large));
const partialBytes = () => statSync(`${blob()}.nanoagent-part`, { throwIfNoEntry: false })?.size ?? 0;
const servedBytes = () => mirror.requests.reduce((sum, { sentBytes }) => sum + sentBytes, 0);

/** Makes the server slow: at most 16 MB/s. */
function slowDown(): void {
  mirror.faults.trickle = { bytes: 200_000, everyMilliseconds: 4 };
}

async function untilReceived(bytes: number): Promise<void> {
  const end = Date.now() + 50_000;
  while (partialBytes() < bytes) {
    if (Date.now() > end) throw new Error(`Only ${partialBytes()} bytes were received.`);
    await wait(5);
  }
}

async function finish(): Promise<{ bytes: number; downloaded_bytes: number; path: string }> {
  Object.assign(mirror.faults, { trickle: null, stall: null });
  const { exitCode, stdout, stderr } = await device.models("pull", LARGE, "--json");
  expect(exitCode, stderr).toBe(0);
  const done = linesOf(stdout).at(-1);
  expect(readFileSync(done.path).equals(large)).toBe(true);
  expect(filesIn(device.cacheOf(LARGE)).filter((file) => file.includes("nanoagent"))).toEqual([]);
  return done;
}

test.each(["SIGINT", "SIGTERM", "SIGKILL"] as const)(
  "%s keeps the partial file, and the next pull continues",
  async (signal) => {
    mirror.faults.stall = { afterBytes: 20_000_000, times: 1000 };
    const child = device.start(["models", "pull", LARGE]);
    child.stdin.end();
    const result = resultOf(child);
    await untilReceived(18_000_000);
    child.kill(signal);
    const { exitCode, stdout, stderr } = await result;
    expect(stdout).toBe("");
    if (signal === "SIGKILL") expect((await result).signal).toBe("SIGKILL");
    else expect(exitCode, stderr).toBe(signal === "SIGINT" ? 130 : 143);
    if (signal !== "SIGKILL") {
      expect(stderr).toContain("Interrupted. The partial download is kept, and the same command continues it.\n");
    }
    // No name stands for a file that is not whole.
    expect((await device.json<{ models: unknown[] }>("models", "list")).models).toEqual([]);
    expect(partialBytes()).toBeGreaterThan(2 * BLOCK_BYTES);
    const before = servedBytes();
    const { downloaded_bytes } = await finish();
    expect(downloaded_bytes).toBeLessThanOrEqual(large.length - 2 * BLOCK_BYTES);
    // The header is read from the partial file, so that nothing else is sent.
    expect(servedBytes() - before).toBeLessThan(large.length - 2 * BLOCK_BYTES + 1_000_000);
  },
);

test("Ctrl-C with --json ends without a last line", async () => {
  slowDown();
  const child = device.start(["models", "pull", LARGE, "--json"]);
  child.stdin.end();
  const result = resultOf(child);
  await untilReceived(9_000_000);
  child.kill("SIGINT");
  const { exitCode, stdout } = await result;
  expect(exitCode).toBe(130);
  expect(new Set(linesOf(stdout).map(({ type }) => type))).toEqual(new Set(["choices", "progress"]));
});

test("five kills at any time leave the right file in the end", async () => {
  slowDown();
  for (let kill = 0; kill < 5; kill += 1) {
    const child = device.start(["models", "pull", LARGE]);
    child.stdin.end();
    const result = resultOf(child);
    await wait(300 + 90 * kill);
    child.kill("SIGKILL");
    await result;
  }
  await finish();
});

test("two pulls at once share one download", async () => {
  slowDown();
  const results = await Promise.all([0, 1].map(() => device.models("pull", LARGE, "--json")));
  const done = results.map(({ exitCode, stdout, stderr }) => {
    expect(exitCode, stderr).toBe(0);
    return linesOf(stdout).at(-1);
  });
  expect(done[0].path).toBe(done[1].path);
  expect(readFileSync(done[0].path).equals(large)).toBe(true);
  // Both read the header; one reads the weights.
  expect(servedBytes()).toBeLessThan(1.5 * large.length);
  expect(done.map(({ downloaded_bytes }) => downloaded_bytes === 0).sort()).toEqual([false, true]);
});

test("one of two pulls is killed, and the other takes over", async () => {
  slowDown();
  const first = device.start(["models", "pull", LARGE]);
  const ended = resultOf(first);
  await untilReceived(9_000_000);
  const second = device.models("pull", LARGE, "--json");
  await wait(400);
  first.kill("SIGKILL");
  await ended;
  mirror.faults.trickle = null;
  const { exitCode, stdout, stderr } = await second;
  expect(exitCode, stderr).toBe(0);
  expect(readFileSync(linesOf(stdout).at(-1).path).equals(large)).toBe(true);
});

test("prune removes a partial file, and only shows it in a dry run", async () => {
  slowDown();
  const child = device.start(["models", "pull", LARGE]);
  const result = resultOf(child);
  await untilReceived(9_000_000);
  child.kill("SIGINT");
  await result;
  const shown = await device.json<{ files: { path: string; bytes: number }[]; freed_bytes: number }>(
    "models",
    "prune",
    "--dry-run",
  );
  expect(shown.files.map((file) => file.path)).toContain(`${blob()}.nanoagent-part`);
  expect(partialBytes()).toBeGreaterThan(0);
  const pruned = await device.json<typeof shown>("models", "prune");
  expect(pruned).toEqual(shown);
  expect(partialBytes()).toBe(0);
  expect(pruned.freed_bytes).toBeGreaterThan(9_000_000);
});

test("a repository that changed meanwhile is downloaded at its new commit", async () => {
  slowDown();
  const child = device.start(["models", "pull", LARGE]);
  const result = resultOf(child);
  await untilReceived(9_000_000);
  child.kill("SIGKILL");
  await result;
  const changed = Buffer.from(large);
  changed.writeUInt8(changed.readUInt8(large.length - 1) ^ 1, large.length - 1);
  mirror.repositories[LARGE] = { files: { "large-F16.gguf": changed } };
  mirror.faults.trickle = null;
  const { exitCode, stdout, stderr } = await device.models("pull", LARGE);
  expect(exitCode, stderr).toBe(0);
  expect(readFileSync(stdout.trim()).equals(changed)).toBe(true);
  rmSync(stdout.trim());
});
