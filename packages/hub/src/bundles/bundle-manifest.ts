import { createHash } from "node:crypto";
import type { ModelOrigin } from "../caches/model-origin.js";
import { isCommit, isSafePath, isSha256 } from "../files/safe-name.js";
import { isGgufPath, isRepository, isRevision, MAX_NAME_CHARACTERS } from "../names/name-rules.js";

/** Name of the bundle's first entry. */
export const MANIFEST_NAME = "manifest.json";
/** Name of the second entry: the manifest's SHA-256 in the form that `sha256sum --check` reads. */
export const MANIFEST_HASH_NAME = "manifest.json.sha256";
export const MODEL_FOLDER = "model/";
export const LICENSE_FOLDER = "license/";
/** Largest manifest. That of a model in 600 parts has 0.1 MB. */
export const MAX_MANIFEST_BYTES = 1_048_576;
/** Largest text of a license. The longest known has 35 KB. */
export const MAX_LICENSE_BYTES = 1_048_576;
export const MAX_LICENSE_FILES = 16;
const MAX_FILES = 1_024;
const FORMAT = 1;

/** A file of a bundle. */
export interface BundleFile {
  /** Name of the entry: `model/` or `license/`, and the path in the repository. */
  path: string;
  bytes: number;
  sha256: string;
}

/** The first entry of an exported model: its facts, and all files that follow. */
export interface BundleManifest {
  format: 1;
  name: string;
  source: ModelOrigin;
  repository: string | null;
  revision: string | null;
  /** Branch or tag that stood for the revision. */
  reference: string | null;
  quantization: string | null;
  license: string | null;
  /** The model's files in order. */
  files: BundleFile[];
  license_files: BundleFile[];
}

/** Returns the text of the entry with the manifest's hash. */
export function manifestHash(manifest: Uint8Array): string {
  return `${createHash("sha256").update(manifest).digest("hex")}  ${MANIFEST_NAME}\n`;
}

const ORIGINS: ReadonlySet<unknown> = new Set<ModelOrigin>(["huggingface", "ollama", "lm-studio", "address", "import"]);

/** Why a manifest cannot be used, as a part of a sentence. */
interface BundleProblem {
  problem: string;
  /** Whether a newer version can use it. */
  isNewer?: true;
}

/** Returns the manifest in a text, or the reason why it is not one. */
export function parseBundleManifest(text: string): BundleManifest | BundleProblem {
  let data: Record<string, unknown>;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return { problem: "its manifest is not an object" };
    data = value as Record<string, unknown>;
  } catch {
    return { problem: "its manifest is not JSON" };
  }
  const { format, name, source, repository, revision, reference, quantization, license } = data;
  if (typeof format === "number" && format > FORMAT) return { problem: "a newer nanoagent wrote it", isNewer: true };
  if (format !== FORMAT) return { problem: "its manifest does not have format 1" };
  const texts = { name, repository, revision, reference, quantization, license };
  for (const [key, value] of Object.entries(texts)) {
    const isText = typeof value === "string" && value !== "" && value.length <= MAX_NAME_CHARACTERS;
    if (!isText && (value !== null || key === "name")) return { problem: `"${key}" in its manifest is malformed` };
  }
  if (!ORIGINS.has(source)) return { problem: '"source" in its manifest is unknown' };
  if (source === "huggingface" && revision !== null) {
    if (!isRepository(String(repository)) || !isCommit(String(revision))) {
      return { problem: "its manifest names a malformed repository or commit" };
    }
  }
  if (typeof reference === "string" && !(isRevision(reference) && isSafePath(reference))) {
    return { problem: '"reference" in its manifest is malformed' };
  }
  const files = parseFiles(data.files, MODEL_FOLDER, MAX_FILES, Number.MAX_SAFE_INTEGER);
  const licenses = parseFiles(data.license_files ?? [], LICENSE_FOLDER, MAX_LICENSE_FILES, MAX_LICENSE_BYTES);
  if (files === null || files.length === 0 || !files.every(({ path }) => isGgufPath(path))) {
    return { problem: '"files" in its manifest is malformed' };
  }
  if (licenses === null) return { problem: '"license_files" in its manifest is malformed' };
  const paths = new Set([...files, ...licenses].map(({ path }) => path.toLowerCase()));
  if (paths.size < files.length + licenses.length) return { problem: "its manifest names a file twice" };
  return {
    format: 1,
    ...(texts as Pick<BundleManifest, keyof typeof texts>),
    source: source as ModelOrigin,
    files,
    license_files: licenses,
  };
}

function parseFiles(value: unknown, folder: string, maxFiles: number, maxBytes: number): BundleFile[] | null {
  if (!Array.isArray(value) || value.length > maxFiles) return null;
  const files: BundleFile[] = [];
  for (const item of value) {
    const { path, bytes, sha256 } = (item ?? {}) as Record<string, unknown>;
    if (typeof path !== "string" || !path.startsWith(folder) || !isSafePath(path.slice(folder.length))) return null;
    if (!Number.isSafeInteger(bytes) || (bytes as number) < 0 || (bytes as number) > maxBytes) return null;
    if (!isSha256(sha256)) return null;
    files.push({ path, bytes: bytes as number, sha256 });
  }
  return Number.isSafeInteger(files.reduce((sum, { bytes }) => sum + bytes, 0)) ? files : null;
}
