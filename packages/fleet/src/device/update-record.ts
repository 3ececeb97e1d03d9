import path from "node:path";
import type { UpdateMessage } from "../offers/bundle-offer.js";
import { isSha256 } from "../offers/is-sequence.js";
import { isFinished, parseUpdate } from "../offers/parse-update.js";
import { readSmallFile, writeSynced } from "../releases/synced-files.js";

const FILE = "update.json";
/** Largest record: a message with a long reason. */
const MAX_RECORD_BYTES = 64 * 1024;

/** The offer that was refused or carried out last. It comes again at every connection, since the broker keeps it. */
interface HandledOffer {
  readonly manifest_sha256: string;
  /** Facts that the outcome depended on: the trusted keys and the version. With others, a refused offer is tried again. */
  readonly conditions: string;
}

/** State of the updates of a device, kept over restarts. */
export interface UpdateRecord {
  readonly message: UpdateMessage | null;
  readonly handled: HandledOffer | null;
}

/** Reads `ROOT/update.json`. A missing or damaged file is an empty record. Never rejects. */
export async function readUpdateRecord(root: string): Promise<UpdateRecord> {
  const text = await readSmallFile(path.join(root, FILE), MAX_RECORD_BYTES).catch(() => null);
  try {
    const { message, handled } = JSON.parse(text ?? "{}") as Record<string, unknown>;
    return { message: asMessage(message), handled: asHandled(handled) };
  } catch {
    return { message: null, handled: null };
  }
}

/** Rejects if the disk cannot be written. */
export async function writeUpdateRecord(root: string, record: UpdateRecord): Promise<void> {
  await writeSynced(root, FILE, `${JSON.stringify(record)}\n`);
}

/** Only states between two steps are on disk. */
function asMessage(value: unknown): UpdateMessage | null {
  const message = parseUpdate(new TextEncoder().encode(JSON.stringify(value ?? null)));
  if (message === null || !(isFinished(message) || message.state === "waiting")) return null;
  const { manifest_sha256, at } = message;
  return manifest_sha256 === null || at === null ? null : { ...message, manifest_sha256, at };
}

function asHandled(value: unknown): HandledOffer | null {
  const { manifest_sha256, conditions } = (value ?? {}) as Record<string, unknown>;
  return isSha256(manifest_sha256) && typeof conditions === "string" ? { manifest_sha256, conditions } : null;
}
