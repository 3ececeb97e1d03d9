import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";
import { readTrustedKeys, type TrustedKey } from "../../src/bundle/keys.js";

export interface TestKey {
  readonly privatePem: string;
  readonly publicPem: string;
  readonly trusted: TrustedKey;
  sign(bytes: Uint8Array): string;
}

/** Makes a key without the code that is tested. */
export function testKey(): TestKey {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const publicPem = String(publicKey.export({ format: "pem", type: "spki" }));
  const [trusted] = readTrustedKeys([publicPem]);
  if (trusted === undefined) throw new Error("No key");
  return {
    privatePem: String(privateKey.export({ format: "pem", type: "pkcs8" })),
    publicPem,
    trusted,
    sign: (bytes) => sign(null, bytes, privateKey).toString("base64"),
  };
}

export function sha256(bytes: string | Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export interface TestFile {
  readonly path: string;
  readonly text?: string;
  readonly mode?: unknown;
  readonly [key: string]: unknown;
}

const config: TestFile = { path: "agent.yaml", text: "role: gardener\n" };

/** Returns a manifest as plain data. `change` adds and replaces keys. */
export function manifestOf(files: readonly TestFile[] = [config], change: Record<string, unknown> = {}) {
  return {
    format: 1,
    name: "garden",
    version: "1.0.0",
    sequence: 7,
    created: "2026-11-30T09:00:00.000Z",
    files: files.map(({ path: name, text = "", mode = 420, ...more }) => ({
      path: name,
      size: Buffer.byteLength(text),
      sha256: sha256(text),
      mode,
      ...more,
    })),
    ...change,
  };
}

export interface BundleParts {
  readonly files?: readonly TestFile[];
  /** Keys of the manifest that are added or replaced. */
  readonly change?: Record<string, unknown>;
  /** Text of the manifest. Default: the JSON of the files. */
  readonly manifest?: string | Uint8Array;
  readonly firstLine?: string;
  /** Text of the line of signatures. Default: a signature of `key`, or an empty list. */
  readonly signatures?: string;
  readonly key?: TestKey;
  /** Contents after the lines. Default: those of the files. */
  readonly contents?: string | Uint8Array;
}

/** Writes a bundle without the code that is tested, right or wrong. */
export function bundleOf({ files = [config], change = {}, firstLine, key, ...parts }: BundleParts = {}): Buffer {
  const manifest = Buffer.from(parts.manifest ?? JSON.stringify(manifestOf(files, change)));
  const signatures =
    parts.signatures ??
    JSON.stringify(key === undefined ? [] : [{ algorithm: "ed25519", signature: key.sign(manifest) }]);
  return Buffer.concat([
    Buffer.from(firstLine ?? "nanoagent-bundle 1\n"),
    manifest,
    Buffer.from(`\n${signatures}\n`),
    Buffer.from(parts.contents ?? files.map(({ text = "" }) => text).join("")),
  ]);
}

/** Makes a folder that is removed after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "nanoagent-bundle-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
