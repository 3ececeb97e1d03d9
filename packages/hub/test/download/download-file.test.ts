import { createHash } from "node:crypto";
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { BLOCK_BYTES } from "../../src/download/block-list.js";
import { type DownloadOptions, downloadFile } from "../../src/download/download-file.js";
import { blocksPath, partialPath } from "../../src/download/partial-file.js";
import type { RemoteFile } from "../../src/sources/remote-model.js";
import { type HubMirror, startHubMirror } from "../../src/testing/hub-mirror.js";
import { noFaults } from "../../src/testing/mirror-faults.js";
import { temporaryFolder } from "../temporary-folder.js";
import { quickly, rangesOf, remoteFile } from "./downloads.js";
import { randomWeights } from "./random-weights.js";

const weights = randomWeights(2 * BLOCK_BYTES + 1_234_567);
const always = Number.POSITIVE_INFINITY;
let mirror: HubMirror;
let folder: string;
let target: string;

beforeAll(async () => {
  mirror = await startHubMirror({
    repositories: { "org/tiny": { files: { "a.gguf": weights, "README.md": Buffer.from("# Read me\n") } } },
  });
});
afterAll(() => mirror.close());
beforeEach(() => {
  Object.assign(mirror.faults, noFaults());
  mirror.requests.splice(0);
  folder = temporaryFolder();
  target = path.join(folder, "models", "a.gguf");
});

const start = (options: Partial<DownloadOptions> = {}, file: Partial<RemoteFile> = {}) =>
  downloadFile(remoteFile(mirror, weights, file), target, quickly(mirror, options));

const namesIn = (place: string) => readdirSync(place).sort();

/** Downloads until the server has sent `bytes`, and aborts. */
async function interruptAt(bytes: number, file: Partial<RemoteFile> = {}) {
  const abort = new AbortController();
  mirror.faults.stall = { afterBytes: bytes, times: 1 };
  const onProgress = ({ receivedBytes }: { receivedBytes: number }) => {
    if (receivedBytes >= bytes) abort.abort(new Error("stopped"));
  };
  await expect(start({ signal: abort.signal, onProgress }, file)).rejects.toThrow("stopped");
  mirror.faults.stall = null;
  mirror.requests.splice(0);
}

test("a file arrives with its hash, and nothing else stays", async () => {
  const progress: number[] = [];
  const checked: number[] = [];
  const result = await start({
    onProgress: ({ receivedBytes, totalBytes }) => {
      expect(totalBytes).toBe(weights.length);
      progress.push(receivedBytes);
    },
    freeSpaceCheck: async (bytes) => void checked.push(bytes),
  });
  expect(result).toEqual({
    path: target,
    bytes: weights.length,
    sha256: createHash("sha256").update(weights).digest("hex"),
    downloadedBytes: weights.length,
    isShared: false,
    isVerified: "sha256",
  });
  expect(readFileSync(target).equals(weights)).toBe(true);
  expect(namesIn(path.dirname(target))).toEqual(["a.gguf"]);
  expect(progress.at(-1)).toBe(weights.length);
  expect(progress).toEqual([...progress].sort((one, other) => one - other));
  expect(checked).toEqual([weights.length]);
});

test("an interrupted download continues at the last finished block", async () => {
  await interruptAt(BLOCK_BYTES + 3_000_000);
  expect(namesIn(path.dirname(target))).toEqual(["a.gguf.nanoagent-blocks", "a.gguf.nanoagent-part"]);
  const checked: number[] = [];
  const result = await start({ freeSpaceCheck: async (bytes) => void checked.push(bytes) });
  expect(rangesOf(mirror)).toEqual([`bytes=${BLOCK_BYTES}-`]);
  expect(result.downloadedBytes).toBe(weights.length - BLOCK_BYTES);
  expect(checked).toEqual([weights.length - BLOCK_BYTES]);
  expect(readFileSync(target).equals(weights)).toBe(true);
});

test.each([
  ["a wrong byte in the first block", (part: string) => writeByte(part, 5, 0), null],
  ["a wrong byte in the second block", (part: string) => writeByte(part, BLOCK_BYTES + 5, 0), `bytes=${BLOCK_BYTES}-`],
  ["a part that is shorter", (part: string) => truncateSync(part, BLOCK_BYTES + 7), `bytes=${BLOCK_BYTES}-`],
  ["a part that is longer", (part: string) => truncateSync(part, 4 * BLOCK_BYTES), `bytes=${2 * BLOCK_BYTES}-`],
  ["an empty list", (_: string, blocks: string) => truncateSync(blocks, 0), null],
  ["a list of garbage", (_: string, blocks: string) => writeFileSync(blocks, "\0".repeat(5000)), null],
  [
    "a list that was cut off",
    (_: string, blocks: string) => truncateSync(blocks, statSync(blocks).size - 1),
    `bytes=${BLOCK_BYTES}-`,
  ],
  ["a list of another file", (_: string, blocks: string) => replaceIn(blocks, /"sha256":"./, '"sha256":"x'), null],
  ["no list", (_: string, blocks: string) => truncateSync(blocks, 0), null],
])("%s: only verified blocks are kept", async (_, damage, range) => {
  await interruptAt(2 * BLOCK_BYTES + 500_000);
  damage(partialPath(target), blocksPath(target));
  await start();
  expect(rangesOf(mirror)).toEqual([range]);
  expect(readFileSync(target).equals(weights)).toBe(true);
});

function writeByte(file: string, at: number, byte: number): void {
  const contents = readFileSync(file);
  contents.writeUInt8(contents.readUInt8(at) === byte ? byte + 1 : byte, at);
  writeFileSync(file, contents);
}

function replaceIn(file: string, pattern: RegExp, text: string): void {
  writeFileSync(file, readFileSync(file, "latin1").replace(pattern, text), "latin1");
}

test("a server that ignores ranges sends all again, and nothing is appended to the wrong place", async () => {
  await interruptAt(BLOCK_BYTES + 3_000_000);
  mirror.faults.ignoreRange = true;
  const result = await start();
  expect(result.downloadedBytes).toBe(weights.length);
  expect(readFileSync(target).equals(weights)).toBe(true);
});

test("lost connections, stalls and expired addresses are continued in one run, without losing a byte", async () => {
  mirror.faults.truncate = { afterBytes: 2_000_000, times: 3 };
  mirror.faults.expireSigned = 2;
  const lost = await start();
  expect(lost.downloadedBytes).toBe(weights.length);
  const starts = rangesOf(mirror).map((range) => Number(/\d+/.exec(range ?? "0")?.[0]));
  expect(starts.slice(0, 3)).toEqual([0, 0, 0]);
  // A few bytes that arrived with the end of a connection may be lost with it.
  for (const [index, start] of starts.slice(3).entries()) expect(start / 1e6).toBeCloseTo(2 * (index + 1), 0);
  mirror.faults.stall = { afterBytes: 3_000_000, times: 1 };
  const stalled = await start({ timeouts: { stallMilliseconds: 500, waits: [0.01, 0.01, 0.01] } });
  expect(stalled.downloadedBytes).toBe(weights.length);
  expect(readFileSync(target).equals(weights)).toBe(true);
});

test("a download without progress ends after a limited number of requests, and the partial file stays", async () => {
  mirror.faults.truncate = { afterBytes: 100, times: always };
  await expect(start()).rejects.toMatchObject({ code: "download-failed", hint: expect.stringMatching(/again/) });
  expect(rangesOf(mirror).length).toBeLessThan(6);
  mirror.faults.truncate = null;
  mirror.faults.expireSigned = always;
  await expect(start()).rejects.toMatchObject({
    code: "download-failed",
    reason: expect.stringMatching(/signed address/),
  });
  expect(namesIn(path.dirname(target))).toEqual(["a.gguf.nanoagent-blocks", "a.gguf.nanoagent-part"]);
});

test("wrong bytes are received once more, and then refused without a trace", async () => {
  mirror.faults.wrongByte = { position: 9_000_000, times: 1 };
  expect(await start()).toMatchObject({ downloadedBytes: 2 * weights.length });
  expect(readFileSync(target).equals(weights)).toBe(true);
  mirror.faults.wrongByte = { position: 9_000_000, times: always };
  target = path.join(folder, "other.gguf");
  await expect(start()).rejects.toMatchObject({ code: "download-damaged", message: "a.gguf arrived damaged twice." });
  expect(namesIn(folder)).toEqual(["models"]);
});

test("a wrong hash of the source is refused", async () => {
  await expect(start({}, { sha256: "0".repeat(64) })).rejects.toMatchObject({ code: "download-damaged" });
  expect(namesIn(path.dirname(target))).toEqual([]);
});

test("another size than the listing says is refused before anything is kept", async () => {
  await expect(start({}, { bytes: weights.length + 1 })).rejects.toMatchObject({
    code: "download-damaged",
    message: "a.gguf changed at its source.",
  });
  expect(mirror.requests.at(-1)?.sentBytes).toBeLessThan(weights.length);
});

test.each([
  ["html", "an HTML page"],
  ["pointer", "a pointer of Git LFS"],
] as const)("%s instead of weights is recognized at once, and what is here stays", async (fault, kind) => {
  await interruptAt(BLOCK_BYTES + 3_000_000);
  mirror.faults[fault] = true;
  mirror.faults.ignoreRange = true;
  const message = `${new URL(mirror.cdnUrl).host} sends ${kind} instead of a.gguf.`;
  await expect(start()).rejects.toMatchObject({ code: "download-damaged", message });
  Object.assign(mirror.faults, noFaults());
  mirror.requests.splice(0);
  await start();
  expect(rangesOf(mirror)).toEqual([`bytes=${BLOCK_BYTES}-`]);
});

test("the size of a plain address may be unknown, and its contents have no hash to compare with", async () => {
  const plain = { bytes: null, sha256: null, url: `${mirror.cdnUrl}/plain/org/tiny/a.gguf` };
  mirror.faults.hideLength = true;
  expect(await start({}, plain)).toMatchObject({ bytes: weights.length, isVerified: "none" });
  expect(readFileSync(target).equals(weights)).toBe(true);
});

test("a plain address continues only while the server says that the file is the same", async () => {
  const plain = { bytes: null, sha256: null, url: `${mirror.cdnUrl}/plain/org/tiny/a.gguf` };
  await interruptAt(BLOCK_BYTES + 3_000_000, plain);
  expect((await start({}, plain)).downloadedBytes).toBe(weights.length - BLOCK_BYTES);
  await interruptAt(BLOCK_BYTES + 3_000_000, plain);
  const changed = randomWeights(weights.length, 2);
  const tiny = mirror.repositories["org/tiny"];
  mirror.repositories["org/tiny"] = { files: { "a.gguf": changed } };
  expect((await start({}, plain)).downloadedBytes).toBe(changed.length);
  expect(readFileSync(target).equals(changed)).toBe(true);
  if (tiny !== undefined) mirror.repositories["org/tiny"] = tiny;
});

test("a file that is not in LFS is compared with the hash of its git blob", async () => {
  const readme = Buffer.from("# Read me\n");
  const gitSha1 = createHash("sha1").update(`blob ${readme.length}\0`).update(readme).digest("hex");
  const file = { path: "README.md", bytes: 10, sha256: null, url: `${mirror.url}/org/tiny/resolve/main/README.md` };
  expect(await start({}, { ...file, gitSha1 })).toMatchObject({ bytes: 10, isVerified: "git-sha1" });
  expect(readFileSync(target)).toEqual(readme);
  await expect(start({}, { ...file, gitSha1: "0".repeat(40) })).rejects.toMatchObject({ code: "download-damaged" });
});

test("a refusal of the hub says its cause, and a full disk is found before the first byte", async () => {
  const url = `${mirror.url}/org/none/resolve/main/a.gguf`;
  await expect(start({}, { url })).rejects.toMatchObject({ code: "repository-not-found" });
  const freeSpaceCheck = () => Promise.reject(new Error("too small"));
  mirror.requests.splice(0);
  await expect(start({ freeSpaceCheck })).rejects.toThrow("too small");
  expect(mirror.requests).toHaveLength(0);
});

test("links in the place of the partial file are not followed", async () => {
  const precious = path.join(folder, "precious");
  writeFileSync(precious, "precious");
  mkdirSync(path.dirname(target));
  symlinkSync(precious, partialPath(target));
  linkSync(precious, blocksPath(target));
  await start();
  expect(readFileSync(precious, "utf8")).toBe("precious");
  expect(lstatSync(target).isFile()).toBe(true);
  expect(readFileSync(target).equals(weights)).toBe(true);
});

test("folders that cannot be used are an error with a way out", async () => {
  writeFileSync(path.join(folder, "models"), "a file");
  const unusable = { code: "store-unusable", hint: expect.stringMatching(/HF_HUB_CACHE and XDG_DATA_HOME/) };
  await expect(start()).rejects.toMatchObject(unusable);
  target = path.join(folder, "b.gguf");
  mkdirSync(partialPath(target));
  await expect(start()).rejects.toMatchObject(unusable);
  target = "/proc/nanoagent/models/a.gguf";
  if (existsSync("/proc")) await expect(start()).rejects.toMatchObject(unusable);
});
