import { randomUUID } from "node:crypto";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { downloadFile } from "../../src/download/download-file.js";
import { DownloadLock, LOCK_TIMES, lockPath } from "../../src/download/download-lock.js";
import { ownProcess } from "../../src/files/process-identity.js";
import { type HubMirror, startHubMirror } from "../../src/testing/hub-mirror.js";
import { noFaults } from "../../src/testing/mirror-faults.js";
import { temporaryFolder } from "../temporary-folder.js";
import { quickly, rangesOf, remoteFile } from "./downloads.js";
import { randomWeights } from "./random-weights.js";

const weights = randomWeights(3_000_000);
const content = { sha256: null, gitSha1: null };
/** Time for a machine that is busy. */
const slowly = { timeout: 50_000 };
const times = { ...LOCK_TIMES, pollMilliseconds: 5 };
let mirror: HubMirror;
let target: string;

beforeAll(async () => {
  mirror = await startHubMirror({ repositories: { "org/tiny": { files: { "a.gguf": weights } } } });
});
afterAll(() => mirror.close());
beforeEach(() => {
  Object.assign(mirror.faults, noFaults());
  mirror.requests.splice(0);
  target = path.join(temporaryFolder(), "a.gguf");
});

const acquire = (onWait = async () => {}) => DownloadLock.acquire(target, content, { times, onWait });

/** Writes a lock as another process would have left it. */
function leaveLock(holder: object, file = lockPath(target)): string {
  const id = randomUUID();
  const other = `${file}-other`;
  writeFileSync(other, JSON.stringify({ ...ownProcess(), id, ...content, ...holder }));
  renameSync(other, file);
  return id;
}

/** A process that cannot exist. */
const dead = { pid: 2 ** 30, started: "1" };

test("downloads of one target at once share one", async () => {
  mirror.faults.trickle = { bytes: 300_000, everyMilliseconds: 5 };
  const file = remoteFile(mirror, weights);
  let seen = 0;
  const onProgress = ({ receivedBytes }: { receivedBytes: number }) => {
    seen = Math.max(seen, receivedBytes);
  };
  const results = await Promise.all(
    [1, 2, 3, 4].map(() => downloadFile(file, target, quickly(mirror, { onProgress }))),
  );
  expect(results.map(({ isShared }) => isShared).sort()).toEqual([false, true, true, true]);
  expect(new Set(results.map(({ sha256, bytes }) => `${sha256} ${bytes}`)).size).toBe(1);
  expect(rangesOf(mirror)).toEqual([null]);
  expect(seen).toBe(weights.length);
  expect(readdirSync(path.dirname(target))).toEqual(["a.gguf"]);
});

test("the second takes over when the first is stopped, and a waiting one can be stopped", async () => {
  mirror.faults.stall = { afterBytes: 1_000_000, times: 1 };
  const file = remoteFile(mirror, weights);
  const [stop, leave] = [new AbortController(), new AbortController()];
  let hasBegun = () => {};
  const begun = new Promise<void>((resolve) => {
    hasBegun = resolve;
  });
  const first = downloadFile(
    file,
    target,
    quickly(mirror, {
      signal: stop.signal,
      onProgress: ({ receivedBytes }) => {
        if (receivedBytes >= 1_000_000) hasBegun();
      },
    }),
  );
  await begun;
  const waiting = downloadFile(file, target, quickly(mirror, { signal: leave.signal }));
  setTimeout(() => leave.abort("third"), 20);
  await expect(waiting).rejects.toBe("third");
  const second = downloadFile(file, target, quickly(mirror));
  stop.abort("first");
  await expect(first).rejects.toBe("first");
  expect(await second).toMatchObject({ isShared: false, bytes: weights.length });
  expect(readFileSync(target).equals(weights)).toBe(true);
  expect(readdirSync(path.dirname(target))).toEqual(["a.gguf"]);
});

test("a lock of a process that is gone does not delay, and many waiters never hold it at once", async () => {
  const first = leaveLock(dead);
  leaveLock(dead, `${lockPath(target)}.${first}`);
  let holders = 0;
  let most = 0;
  const hold = async () => {
    const { lock } = await acquire();
    holders += 1;
    most = Math.max(most, holders);
    await new Promise((resolve) => setTimeout(resolve, 3));
    holders -= 1;
    await lock.release();
  };
  await Promise.all(Array.from({ length: 20 }, hold));
  expect(most).toBe(1);
  expect(readdirSync(path.dirname(target))).toEqual([]);
});

test("a lock of another host counts as dead when its last sign of life is old", async () => {
  leaveLock({ host: "elsewhere", place: "elsewhere" });
  const old = Date.now() / 1000 - 30;
  utimesSync(lockPath(target), old, old);
  let waits = 0;
  const count = async () => {
    waits += 1;
  };
  await (await acquire(count)).lock.release();
  expect(waits).toBe(0);
  // A living one, until its signs of life end.
  leaveLock({ host: "elsewhere", place: "elsewhere" });
  const later = Date.now() / 1000 + 1000;
  utimesSync(lockPath(target), later, later);
  const { lock } = await DownloadLock.acquire(target, content, {
    times: { ...times, deadMilliseconds: 50, heartbeatMilliseconds: 60_000 },
    onWait: async () => {
      waits += 1;
      if (waits < 8) utimesSync(lockPath(target), later, later + waits);
    },
  });
  expect(waits).toBeGreaterThan(8);
  await lock.release();
});

test("a running process of this host is waited for, but not for ever", async () => {
  leaveLock({ pid: process.ppid, started: null, place: ownProcess().place });
  const suspended = DownloadLock.acquire(target, content, {
    times: { ...times, suspendedMilliseconds: 30 },
    onWait: async () => {},
  });
  await expect(suspended).rejects.toMatchObject({ code: "download-failed", hint: expect.stringMatching(/kill/) });
});

test.each([
  ["garbage", () => writeFileSync(lockPath(target), "garbage")],
  ["a huge file", () => writeFileSync(lockPath(target), Buffer.alloc(5_000_000))],
  ["a symbolic link", () => symlinkSync("/nonexistent", lockPath(target))],
  ["a wrong id", () => void leaveLock({ ...dead, id: "../../evil" })],
])("%s in the place of a lock is replaced", async (_, craft) => {
  craft();
  const { lock } = await DownloadLock.acquire(target, content, {
    times: { ...times, unreadableMilliseconds: 20 },
    onWait: async () => {},
  });
  expect(JSON.parse(readFileSync(lockPath(target), "utf8"))).toMatchObject({ pid: process.pid });
  await lock.release();
  expect(readdirSync(path.dirname(target))).toEqual([]);
});

test("a folder in the place of a lock, and locks that name themselves, are errors", async () => {
  mkdirSync(lockPath(target));
  await expect(acquire()).rejects.toMatchObject({ code: "store-unusable" });
  target = `${target}.other`;
  const id = randomUUID();
  leaveLock({ ...dead, id });
  leaveLock({ ...dead, id }, `${lockPath(target)}.${id}`);
  await expect(acquire()).rejects.toMatchObject({
    code: "store-unusable",
    reason: expect.stringMatching(/names itself/),
  });
});

test("a download stops when its lock is taken away, and its signs of life show that it runs", async () => {
  const { lock } = await DownloadLock.acquire(target, content, {
    times: { ...times, heartbeatMilliseconds: 5 },
    onWait: async () => {},
  });
  const { mtimeMs } = statSync(lockPath(target));
  await expect.poll(() => statSync(lockPath(target)).mtimeMs, slowly).toBeGreaterThan(mtimeMs);
  await lock.check();
  leaveLock({});
  await expect.poll(() => lock.lost.aborted, slowly).toBe(true);
  await expect(lock.check()).rejects.toMatchObject({ code: "download-failed" });
  await lock.release();
  expect(readdirSync(path.dirname(target))).toHaveLength(1);
});
