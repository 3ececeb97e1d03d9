import type { BundleHead } from "../bundle/bundle-manifest.js";
import { isHash, isSequence, parseFields } from "./parse-release-state.js";
import type { Release } from "./release-list.js";

/** Names that a config may have in a bundle. */
const CONFIGS = ["agent.yaml", "agent.json"];
/** Scenarios that an agent is tried with. */
const SMOKE = "smoke.yaml";

/** Content of `releases/SEQUENCE.json`, about the folder beside it. */
export interface ReleaseRecord extends Omit<Release, "folder"> {
  readonly format: 1;
  /** Name of the scenarios in the folder, or null. */
  readonly smoke: string | null;
  /** The manifest, as it was signed. */
  readonly manifest: string;
}

/** Describes a bundle that is unpacked now. */
export function makeRecord(head: BundleHead, key: string, now: string): ReleaseRecord {
  const { manifest, manifestBytes, manifestSha256 } = head;
  const paths = new Set(manifest.files.map((file) => file.path));
  return {
    format: 1,
    sequence: manifest.sequence,
    name: manifest.name,
    version: manifest.version,
    manifest_sha256: manifestSha256,
    config: CONFIGS.find((name) => paths.has(name)) ?? "agent.yaml",
    smoke: paths.has(SMOKE) ? SMOKE : null,
    unpacked: now,
    key,
    manifest: new TextDecoder().decode(manifestBytes),
  };
}

/** Parses a record. Returns null if it is damaged or of another sequence. */
export function parseRecord(text: string, sequence: number): ReleaseRecord | null {
  const value = parseFields(text);
  if (value === null || value.format !== 1 || value.sequence !== sequence || !isSequence(sequence)) return null;
  const { name, version, manifest_sha256, config, smoke, unpacked, key, manifest } = value;
  if (typeof name !== "string" || typeof version !== "string" || !isHash(manifest_sha256)) return null;
  if (typeof config !== "string" || !CONFIGS.includes(config) || (smoke !== null && smoke !== SMOKE)) return null;
  if (typeof unpacked !== "string" || typeof key !== "string" || typeof manifest !== "string") return null;
  return { format: 1, sequence, name, version, manifest_sha256, config, smoke, unpacked, key, manifest };
}
