import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  chmodSync,
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
import { open } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import type { BundleSignature } from "../../src/bundle/bundle-manifest.js";
import { type CreateBundleOptions, createBundle } from "../../src/bundle/create-bundle.js";
import { makeKeyPair, readTrustedKeys } from "../../src/bundle/keys.js";
import { readHead } from "../../src/bundle/read-head.js";
import { signBundle } from "../../src/bundle/sign-bundle.js";
import { unpackFiles } from "../../src/bundle/unpack-files.js";
import { verifyBundle } from "../../src/bundle/verify-bundle.js";
import { FleetError } from "../../src/fleet-error.js";
import { bundleOf, manifestOf, sha256, temporaryFolder, testKey } from "./bundle-parts.js";

const pair = makeKeyPair();
const keys = readTrustedKeys([pair.publicPem]);
const isWindows = process.platform === "win32";
const isRoot = process.getuid?.() === 0;

/** Makes a folder of an agent, and the place for its bundle. */
function agentFolder(files: Record<string, string> = {}) {
  const root = temporaryFolder();
  const folder = path.join(root, "agent");
  const all = { "agent.yaml": "role: gardener\n", ...files };
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  return { root, folder, out: path.join(root, "garden.bundle") };
}

const facts = { name: "garden", version: "1.0.0", sequence: 7, created: "2026-11-30T09:00:00.000Z" };

async function signedBundle(files: Record<string, string> = {}) {
  const place = agentFolder(files);
  await createBundle({ ...facts, folder: place.folder, out: place.out });
  const { head } = await signBundle(place.out, pair.privatePem);
  return { ...place, head };
}

async function errorOf(promise: Promise<unknown>): Promise<FleetError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof FleetError) return error;
  throw error ?? new Error("It was accepted");
}

/** Unpacks a bundle into `FOLDER/out`. */
async function unpack(file: string, folder: string, signal?: AbortSignal): Promise<string> {
  const target = path.join(folder, "out");
  const handle = await open(file);
  try {
    await unpackFiles(handle, await readHead(handle), target, signal);
    return target;
  } finally {
    await handle.close();
  }
}

describe("createBundle", () => {
  test("writes the files of a folder in the order of their bytes, with their modes", async () => {
    const { folder, out } = agentFolder({
      "tools/water.sh": "#!/bin/sh\n",
      "skills/bed/SKILL.md": "# Bed\n",
      "Z.txt": "z",
      "smoke.yaml": "",
      ".hidden": "h",
      "ä.txt": "ä",
    });
    chmodSync(path.join(folder, "tools/water.sh"), 0o700);
    chmodSync(path.join(folder, "Z.txt"), 0o600);
    const head = await createBundle({ ...facts, folder, out });
    const names = [".hidden", "Z.txt", "agent.yaml", "skills/bed/SKILL.md", "smoke.yaml", "tools/water.sh", "ä.txt"];
    const files = names.map((name) => ({
      path: name,
      text: readFileSync(path.join(folder, name), "utf8"),
      mode: name === "tools/water.sh" && !isWindows ? 493 : 420,
    }));
    expect(head.manifest).toEqual(manifestOf(files));
    expect(readFileSync(out).equals(bundleOf({ files }))).toBe(true);
    expect(statSync(out).size).toBe(head.totalBytes);
  });

  test("gives the same bytes for the same files", async () => {
    const { folder, out, root } = agentFolder({ b: "b", "a/c": "c" });
    await createBundle({ ...facts, folder, out });
    await createBundle({ ...facts, folder, out: path.join(root, "again") });
    expect(readFileSync(out).equals(readFileSync(path.join(root, "again")))).toBe(true);
  });

  test("records the needed version and the models", async () => {
    const { folder, out } = agentFolder();
    const models = [{ name: "qwen", source: "org/repo:Q4_K_M", size: 3, sha256: sha256("m") }];
    const { manifest } = await createBundle({ ...facts, folder, out, requires: { nanoagent: ">=0.1.0 <1" }, models });
    expect(manifest).toMatchObject({ requires: { nanoagent: ">=0.1.0 <1" }, models });
  });

  test("dates the bundle, if no date is given", async () => {
    const { folder, out } = agentFolder();
    const { created: _, ...rest } = facts;
    const before = Date.now();
    const { manifest } = await createBundle({ ...rest, folder, out });
    expect(Date.parse(manifest.created)).toBeGreaterThanOrEqual(before);
  });

  test("replaces an older bundle in one step, and leaves nothing else", async () => {
    const { folder, out, root } = agentFolder();
    writeFileSync(out, "old");
    await createBundle({ ...facts, folder, out });
    expect(readFileSync(out).equals(bundleOf())).toBe(true);
    expect(readdirSync(root).sort()).toEqual(["agent", "garden.bundle"]);
  });

  test.skipIf(isWindows)("gives the bundle mode 0644, whatever the umask is", async () => {
    const { folder, out } = agentFolder();
    const old = process.umask(0o077);
    onTestFinished(() => void process.umask(old));
    await createBundle({ ...facts, folder, out });
    expect(statSync(out).mode & 0o777).toBe(0o644);
  });

  const refusal = (options: Omit<CreateBundleOptions, keyof typeof facts> & Partial<CreateBundleOptions>) =>
    errorOf(createBundle({ ...facts, ...options }));

  async function expectRefusal(place: ReturnType<typeof agentFolder>, reason: string | RegExp, more = {}) {
    const error = await refusal({ folder: place.folder, out: place.out, ...more });
    expect(error).toMatchObject({ code: "bundle-not-created", message: "The bundle cannot be created." });
    expect(error.reason).toMatch(reason);
    // Neither a bundle nor a part of one stays.
    expect(readdirSync(place.root).filter((name) => name !== "agent")).toEqual([]);
  }

  test.skipIf(isWindows)("refuses links to files, to folders and to nothing", async () => {
    for (const target of ["agent.yaml", "/etc/passwd", "..", "nowhere"]) {
      const place = agentFolder();
      symlinkSync(target, path.join(place.folder, "link"));
      await expectRefusal(place, '"link" is a link. A bundle contains only files.');
    }
    const place = agentFolder();
    symlinkSync(place.folder, path.join(place.root, "agent-link"));
    // The folder itself may be reached through a link.
    await createBundle({ ...facts, folder: path.join(place.root, "agent-link"), out: place.out });
  });

  test.skipIf(isWindows)("takes hard links as files", async () => {
    const { folder, out } = agentFolder();
    linkSync(path.join(folder, "agent.yaml"), path.join(folder, "copy"));
    expect((await createBundle({ ...facts, folder, out })).manifest.files).toHaveLength(2);
  });

  test.skipIf(isWindows)("refuses sockets and pipes", async () => {
    const place = agentFolder();
    const server = createServer().listen(path.join(place.folder, "socket"));
    onTestFinished(() => void server.close());
    await once(server, "listening");
    await expectRefusal(place, '"socket" is not a regular file. A bundle contains only files.');
    const other = agentFolder();
    const child: ChildProcess = spawn("mkfifo", [path.join(other.folder, "pipe")]);
    await once(child, "exit");
    await expectRefusal(other, '"pipe" is not a regular file. A bundle contains only files.');
  });

  test.skipIf(isWindows || isRoot)("refuses files that it cannot read", async () => {
    const place = agentFolder({ secret: "x" });
    chmodSync(path.join(place.folder, "secret"), 0);
    await expectRefusal(place, /^The system reports EACCES for .*secret\.$/);
  });

  test("refuses names that another system cannot have", async () => {
    const place = agentFolder({ "tools/aux.txt": "x" });
    await expectRefusal(place, 'The path "tools/aux.txt" has a name that Windows reserves, "aux.txt".');
  });

  test.skipIf(process.platform !== "linux")("refuses names that differ only in case, or are not UTF-8", async () => {
    await expectRefusal(agentFolder({ "a.txt": "x", "A.txt": "x" }), 'The paths "A.txt" and "a.txt" are the same');
    const place = agentFolder();
    writeFileSync(Buffer.concat([Buffer.from(`${place.folder}/x`), Buffer.from([0xff])]), "x");
    await expectRefusal(place, /is not UTF-8\.$/);
  });

  test("refuses a folder without a config, or with two", async () => {
    const place = agentFolder({ "agent.json": "{}" });
    await expectRefusal(place, "It has two configs: agent.yaml and agent.json.");
    const empty = temporaryFolder();
    mkdirSync(path.join(empty, "agent"));
    const none = { root: empty, folder: path.join(empty, "agent"), out: path.join(empty, "x") };
    await expectRefusal(none, "It has no config");
  });

  test("refuses a folder that does not exist or is a file, and a place that cannot be written", async () => {
    const place = agentFolder();
    await expectRefusal(place, "The system reports ENOENT", { folder: path.join(place.root, "nowhere") });
    await expectRefusal(place, "The system reports ENOTDIR", { folder: path.join(place.folder, "agent.yaml") });
    await expectRefusal(place, "The system reports ENOENT", { out: path.join(place.root, "nowhere/x") });
    await expectRefusal(place, /The system reports E(ISDIR|EXIST|PERM)/, { out: path.dirname(place.root) });
  });

  test("refuses to write the bundle into its own folder", async () => {
    const place = agentFolder({ "sub/x": "x" });
    for (const out of [place.folder, path.join(place.folder, "x"), path.join(place.folder, "sub/../sub/y")]) {
      await expectRefusal(place, /is inside the folder/, { out });
    }
    if (!isWindows) {
      const link = temporaryFolder();
      symlinkSync(path.join(place.folder, "sub"), path.join(link, "way-in"));
      await expectRefusal(place, /is inside the folder/, { out: path.join(link, "way-in/x") });
    }
    // A folder whose name begins like it is another folder.
    mkdirSync(`${place.folder}-bundles`);
    await createBundle({ ...facts, folder: place.folder, out: path.join(`${place.folder}-bundles`, "x") });
  });

  test.each([
    [{ sequence: 0 }, '"sequence" in its manifest is 0'],
    [{ sequence: 1.5 }, '"sequence" in its manifest is 1.5'],
    [{ sequence: Number.NaN }, '"sequence" in its manifest is null'],
    [{ name: "" }, '"name" in its manifest is empty'],
    [{ version: "a\nb" }, '"version" in its manifest contains control characters'],
    [{ created: "today" }, '"created" in its manifest'],
    [{ requires: { nanoagent: "newest" } }, '"newest" is not a range of versions'],
  ])("refuses %j", async (more, reason) => {
    await expectRefusal(agentFolder(), reason, more);
  });

  test("refuses a file that changes while it is read", async () => {
    const place = agentFolder({ log: "x".repeat(3_000_000) });
    const log = path.join(place.folder, "log");
    const signal = new AbortController().signal;
    // Grows each time that a piece of a file is read.
    signal.throwIfAborted = () => appendFileSync(log, "y");
    await expectRefusal(place, 'The file "log" changed while it was read.', { signal });
    const other = agentFolder({ log: "x".repeat(3_000_000) });
    let reads = 0;
    const shrinks = new AbortController().signal;
    shrinks.throwIfAborted = () => {
      reads += 1;
      if (reads > 20) truncateSync(path.join(other.folder, "log"), 10);
    };
    await expectRefusal(other, 'The file "log" changed while it was read.', { signal: shrinks });
  });

  test("stops when it is told to, and leaves nothing", async () => {
    const place = agentFolder({ large: "x".repeat(3_000_000) });
    const stopped = createBundle({ ...facts, folder: place.folder, out: place.out, signal: AbortSignal.abort() });
    await expect(stopped).rejects.toMatchObject({ name: "AbortError" });
    expect(readdirSync(place.root)).toEqual(["agent"]);
  });
});

describe("signBundle", () => {
  test("adds signatures of several keys, each once", async () => {
    const { out, head } = await signedBundle({ "a/b": "x" });
    const second = makeKeyPair();
    expect(head.signatures.map(({ key }) => key)).toEqual([pair.fingerprint]);
    await signBundle(out, second.privatePem);
    const { head: signed, fingerprint } = await signBundle(out, pair.privatePem);
    expect(fingerprint).toBe(pair.fingerprint);
    expect(signed.signatures.map(({ key }) => key)).toEqual([second.fingerprint, pair.fingerprint]);
    for (const { publicPem } of [pair, second]) {
      const verified = await verifyBundle(out, { keys: readTrustedKeys([publicPem]) });
      expect(verified.head.manifestSha256).toBe(head.manifestSha256);
      expect(verified.head).toEqual(signed);
    }
  });

  test("keeps signatures of other programs", async () => {
    const { root } = agentFolder();
    const file = path.join(root, "x");
    const key = testKey();
    writeFileSync(file, bundleOf({ key }));
    const { head } = await signBundle(file, pair.privatePem);
    expect(head.signatures).toHaveLength(2);
    expect((await verifyBundle(file, { keys: [key.trusted] })).key).toEqual(key.trusted);
  });

  test("does not sign what is damaged, and leaves it as it is", async () => {
    const { out, root } = await signedBundle({ "a/b": "x" });
    const bytes = readFileSync(out);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
    writeFileSync(out, bytes);
    const error = await errorOf(signBundle(out, pair.privatePem));
    expect(error.code).toBe("bundle-malformed");
    expect(error.message).toContain(out);
    expect(readFileSync(out).equals(bytes)).toBe(true);
    expect(readdirSync(root).sort()).toEqual(["agent", "garden.bundle"]);
  });

  test("adds at most 16 signatures", async () => {
    const { out } = await signedBundle();
    for (let count = 1; count < 16; count += 1) await signBundle(out, makeKeyPair().privatePem);
    const error = await errorOf(signBundle(out, makeKeyPair().privatePem));
    expect(error).toMatchObject({ code: "bundle-not-created", message: "The bundle cannot be signed." });
    // Its own signature can still be replaced.
    expect((await signBundle(out, pair.privatePem)).head.signatures).toHaveLength(16);
  });

  test("needs a private key and a bundle", async () => {
    const { out, root } = await signedBundle();
    expect((await errorOf(signBundle(out, pair.publicPem))).code).toBe("signing-key-invalid");
    expect((await errorOf(signBundle(path.join(root, "nowhere"), pair.privatePem))).code).toBe("bundle-unreadable");
    expect((await errorOf(signBundle(root, pair.privatePem))).code).toBe("bundle-unreadable");
  });

  test.skipIf(isWindows)("signs the file that a link leads to, and keeps its mode", async () => {
    const { out, root, head } = await signedBundle();
    symlinkSync(out, path.join(root, "link"));
    chmodSync(out, 0o640);
    await signBundle(path.join(root, "link"), makeKeyPair().privatePem);
    expect(lstatSync(path.join(root, "link")).isSymbolicLink()).toBe(true);
    expect(statSync(out).mode & 0o777).toBe(0o640);
    expect((await verifyBundle(out, { keys })).head.manifestSha256).toBe(head.manifestSha256);
  });
});

describe("verifyBundle", () => {
  test("returns the bundle and the key that signed it", async () => {
    const { out, head } = await signedBundle({ "a/b": "x" });
    const others = readTrustedKeys([makeKeyPair().publicPem, makeKeyPair().publicPem]);
    expect(await verifyBundle(out, { keys: [...others, ...keys] })).toEqual({ head, key: keys[0] });
  });

  test("says why a bundle is not trusted", async () => {
    const { out, folder } = await signedBundle();
    const other = makeKeyPair();
    const untrusted = (trusted: readonly string[]) => errorOf(verifyBundle(out, { keys: readTrustedKeys(trusted) }));
    expect(await untrusted([])).toMatchObject({ code: "bundle-untrusted", reason: "No keys are trusted here." });
    expect(await untrusted([other.publicPem])).toMatchObject({
      code: "bundle-untrusted",
      reason: `It is signed by keys that are not trusted: ${pair.fingerprint}. The trusted keys are: ${other.fingerprint}.`,
    });
    await createBundle({ ...facts, folder, out });
    expect(await untrusted([pair.publicPem])).toMatchObject({ code: "bundle-untrusted", reason: "It is not signed." });
    writeFileSync(out, bundleOf({ key: testKey() }));
    expect((await untrusted([other.publicPem])).reason).toMatch(/^None of its signatures fits a trusted key: /);
  });

  test("does not believe what a signature says of its key", async () => {
    const { out } = await signedBundle();
    const attacker = testKey();
    const manifest = Buffer.from(JSON.stringify(manifestOf()));
    const signature = attacker.sign(manifest);
    for (const key of [pair.fingerprint, pair.publicLine, attacker.trusted.fingerprint, "anything"]) {
      const signatures = JSON.stringify([{ algorithm: "ed25519", signature, key }]);
      writeFileSync(out, bundleOf({ signatures }));
      expect((await errorOf(verifyBundle(out, { keys }))).code).toBe("bundle-untrusted");
    }
  });

  test("refuses a signature of another manifest", async () => {
    const key = testKey();
    const { out } = await signedBundle();
    const signature = key.sign(Buffer.from(JSON.stringify(manifestOf())));
    const signatures = JSON.stringify([{ algorithm: "ed25519", signature }]);
    writeFileSync(out, bundleOf({ signatures, change: { sequence: 8 } }));
    expect((await errorOf(verifyBundle(out, { keys: [key.trusted] }))).code).toBe("bundle-untrusted");
    // The newline at the end of the line is not signed.
    const withNewline = key.sign(Buffer.from(`${JSON.stringify(manifestOf())}\n`));
    writeFileSync(out, bundleOf({ signatures: JSON.stringify([{ algorithm: "ed25519", signature: withNewline }]) }));
    expect((await errorOf(verifyBundle(out, { keys: [key.trusted] }))).code).toBe("bundle-untrusted");
  });

  test("refuses any change of any byte", async () => {
    const { out, head } = await signedBundle({ "tools/water.sh": "#!/bin/sh\necho water\n", "b.txt": "" });
    const bytes = readFileSync(out);
    const accepted: unknown[] = [];
    const isAccepted = async (changed: Buffer) => {
      writeFileSync(out, changed);
      const error = await verifyBundle(out, { keys }).then(
        () => null,
        (reason: unknown) => reason,
      );
      if (error !== null) expect(error).toBeInstanceOf(FleetError);
      return error === null;
    };
    for (let at = 0; at < bytes.length; at += 1) {
      const old = bytes.readUInt8(at);
      // The values that turn one text of JSON into another, and two others.
      for (const value of new Set([old ^ 1, old ^ 0x20, 0x20, 0x22, 0x5c, 0x2f, 0x0a, 0x30])) {
        if (value === old) continue;
        const changed = Buffer.from(bytes);
        changed.writeUInt8(value, at);
        if (await isAccepted(changed)) accepted.push({ at, value });
      }
    }
    expect(accepted).toEqual([]);
    // Several bytes at once may also change the text that names the key for people, and nothing else.
    const withoutKey = (signature: BundleSignature) => ({ ...signature, key: "" });
    await fc.assert(
      fc.asyncProperty(
        fc.nat(bytes.length),
        fc.nat(20),
        fc.uint8Array({ maxLength: 20 }),
        async (at, length, piece) => {
          const changed = Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at + length)]);
          fc.pre(!changed.equals(bytes));
          if (!(await isAccepted(changed))) return;
          const verified = await verifyBundle(out, { keys });
          expect(verified.head.manifestSha256).toBe(head.manifestSha256);
          expect(verified.head.signatures.map(withoutKey)).toEqual(head.signatures.map(withoutKey));
        },
      ),
      { numRuns: 500 },
    );
  }, 120_000);

  test("refuses a bundle that is cut at any place, or has more bytes", async () => {
    const { out } = await signedBundle({ "a/b": "some text" });
    const bytes = readFileSync(out);
    for (let length = 0; length < bytes.length; length += 1) {
      writeFileSync(out, bytes.subarray(0, length));
      expect((await errorOf(verifyBundle(out, { keys }))).code).toBe("bundle-malformed");
    }
    writeFileSync(out, Buffer.concat([bytes, Buffer.from("\n")]));
    expect((await errorOf(verifyBundle(out, { keys }))).reason).toMatch(/^Something follows its last file/);
  });

  test("names the file that is damaged", async () => {
    const key = testKey();
    const { root } = agentFolder();
    const file = path.join(root, "damaged.bundle");
    const files = [
      { path: "agent.yaml", text: "x" },
      { path: "tools/a", text: "right" },
    ];
    writeFileSync(file, bundleOf({ files, key, contents: "xwrong" }));
    expect(await errorOf(verifyBundle(file, { keys: [key.trusted] }))).toMatchObject({
      code: "bundle-malformed",
      message: `The bundle ${file} is malformed.`,
      reason: 'The file "tools/a" is damaged: its SHA-256 differs.',
    });
  });

  test.skipIf(isWindows)("refuses folders, pipes and files that do not exist, without waiting", async () => {
    const root = temporaryFolder();
    expect((await errorOf(verifyBundle(root, { keys }))).code).toBe("bundle-unreadable");
    expect((await errorOf(verifyBundle(path.join(root, "x"), { keys }))).reason).toBe("The file does not exist.");
    const child = spawn("mkfifo", [path.join(root, "pipe")]);
    await once(child, "exit");
    expect((await errorOf(verifyBundle(path.join(root, "pipe"), { keys }))).reason).toBe("It is not a regular file.");
    expect((await errorOf(verifyBundle("/dev/zero", { keys }))).reason).toBe("It is not a regular file.");
  });

  test("stops when it is told to", async () => {
    const { out } = await signedBundle();
    const stopped = verifyBundle(out, { keys, signal: AbortSignal.abort() });
    await expect(stopped).rejects.toMatchObject({ name: "AbortError" });
  });
});

describe("unpackFiles", () => {
  test("writes every file and folder, with its mode", async () => {
    const { folder, out, root } = agentFolder({ "tools/deep/water.sh": "#!/bin/sh\n", "tools/a.txt": "", ".b": "b" });
    chmodSync(path.join(folder, "tools/deep/water.sh"), 0o755);
    const { manifest } = await createBundle({ ...facts, folder, out });
    const old = process.umask(0o077);
    onTestFinished(() => void process.umask(old));
    const target = await unpack(out, root);
    const found = readdirSync(target, { recursive: true, encoding: "utf8" }).sort();
    expect(found).toEqual([".b", "agent.yaml", "tools", "tools/a.txt", "tools/deep", "tools/deep/water.sh"]);
    for (const { path: name, sha256: hash, mode } of manifest.files) {
      expect(sha256(readFileSync(path.join(target, name)))).toBe(hash);
      if (!isWindows) expect(statSync(path.join(target, name)).mode & 0o7777).toBe(mode);
    }
    if (isWindows) return;
    for (const name of ["", "tools", "tools/deep"]) expect(statSync(path.join(target, name)).mode & 0o777).toBe(0o755);
  });

  test("never writes into a folder that exists", async () => {
    const { out, root } = await signedBundle();
    mkdirSync(path.join(root, "out"));
    await expect(unpack(out, root)).rejects.toMatchObject({ code: "EEXIST" });
    expect(readdirSync(path.join(root, "out"))).toEqual([]);
  });

  test.skipIf(isWindows)("never follows a link that somebody put in its way", async () => {
    const { out, root } = await signedBundle();
    const outside = temporaryFolder();
    symlinkSync(outside, path.join(root, "out"));
    await expect(unpack(out, root)).rejects.toMatchObject({ code: "EEXIST" });
    expect(readdirSync(outside)).toEqual([]);
    // A link inside the folder, which appears while it is written.
    const key = testKey();
    const other = temporaryFolder();
    const files = [
      { path: "agent.yaml", text: "x" },
      { path: "b", text: "y" },
      { path: "c/d", text: "z" },
    ];
    for (const [victim, name] of [
      ["b", "b"],
      ["c", "c"],
    ] as const) {
      const place = path.join(other, victim);
      mkdirSync(place);
      writeFileSync(path.join(place, "bundle"), bundleOf({ files, key }));
      const signal = new AbortController().signal;
      signal.throwIfAborted = () => {
        try {
          symlinkSync(outside, path.join(place, "out", name));
        } catch {
          // It is there already.
        }
      };
      await expect(unpack(path.join(place, "bundle"), place, signal)).rejects.toMatchObject({ code: "EEXIST" });
    }
    expect(readdirSync(outside)).toEqual([]);
  });

  test("compares every hash again", async () => {
    const { root } = agentFolder();
    writeFileSync(path.join(root, "x"), bundleOf({ contents: "role: gardenes\n" }));
    expect((await errorOf(unpack(path.join(root, "x"), root))).reason).toMatch(/^The file "agent.yaml" is damaged/);
  });

  test("refuses a bundle that becomes shorter while it is read", async () => {
    const { out, root } = await signedBundle({ z: "z" });
    const signal = new AbortController().signal;
    signal.throwIfAborted = () => truncateSync(out, statSync(out).size - 1);
    expect((await errorOf(unpack(out, root, signal))).reason).toMatch(/^It ends in the file /);
  });

  test("stops when it is told to", async () => {
    const { out, root } = await signedBundle();
    await expect(unpack(out, root, AbortSignal.abort())).rejects.toMatchObject({ name: "AbortError" });
  });
});

test("a large bundle is created, signed, verified and unpacked in bounded memory", async () => {
  const { folder, out, root } = agentFolder();
  const bytes = 96 * 1024 * 1024;
  writeFileSync(path.join(folder, "data.bin"), "");
  truncateSync(path.join(folder, "data.bin"), bytes);
  const before = process.memoryUsage();
  let peak = 0;
  const timer = setInterval(() => {
    const { external, heapUsed } = process.memoryUsage();
    peak = Math.max(peak, external + heapUsed - before.external - before.heapUsed);
  }, 5);
  onTestFinished(() => clearInterval(timer));
  await createBundle({ ...facts, folder, out });
  await signBundle(out, pair.privatePem);
  await verifyBundle(out, { keys });
  const target = await unpack(out, root);
  expect(statSync(path.join(target, "data.bin")).size).toBe(bytes);
  expect(peak).toBeLessThan(40 * 1024 * 1024);
}, 120_000);
