import type { FileHandle } from "node:fs/promises";
import type { Broker } from "@nanoagent/server/mqtt";
import type { BundleHead } from "../bundle/bundle-manifest.js";
import { openBundle } from "../bundle/open-bundle.js";
import { FleetError } from "../fleet-error.js";
import { pieceTopic } from "../piece-topic.js";
import { countPieces, PIECE_BYTES } from "./bundle-offer.js";

/** Pieces that wait for the broker at the same time. A connection keeps at most 2 MB of messages that wait. */
const PIECES_AT_ONCE = 8;
/** Empty messages that wait for the broker at the same time. */
const REMOVALS_AT_ONCE = 100;

/** Bundle whose pieces are published. */
export interface PublishedBundle {
  readonly broker: Broker;
  readonly prefix: string;
  /** Path of its file. */
  readonly file: string;
  readonly head: Pick<BundleHead, "manifestSha256" | "totalBytes">;
  readonly signal: AbortSignal;
  /** Called with the share that is published, from 0 to 1. */
  readonly onProgress?: ((share: number) => void) | undefined;
}

/** Publishes a bundle in pieces, retained. Resolves when the broker has all of them. */
export async function publishPieces(bundle: PublishedBundle): Promise<void> {
  const { broker, prefix, head, signal, onProgress = () => {} } = bundle;
  const pieces = countPieces(head.totalBytes);
  const file = await openBundle(bundle.file);
  let published = 0;
  try {
    await inOrder(pieces, PIECES_AT_ONCE, async (index) => {
      signal.throwIfAborted();
      const payload = await readPiece(file, bundle, index);
      await broker.publish(pieceTopic(prefix, head.manifestSha256, index), payload, { retain: true, signal });
      published += 1;
      onProgress(published / pieces);
    });
  } finally {
    await file.close();
  }
}

/** Removes the pieces of a bundle from the broker, the first one last, so that a broken removal can be found again. */
export async function removePieces(bundle: {
  readonly broker: Broker;
  readonly prefix: string;
  readonly manifestSha256: string;
  readonly pieces: number;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { broker, prefix, manifestSha256, pieces, signal } = bundle;
  const remove = (index: number) =>
    broker.publish(pieceTopic(prefix, manifestSha256, index), "", { retain: true, signal });
  await inOrder(pieces - 1, REMOVALS_AT_ONCE, (place) => remove(pieces - 1 - place));
  await remove(0);
}

/** Calls back with 0 to `count` - 1, a few at the same time. Rejects with the first failure, after those under way have ended. */
async function inOrder(count: number, atOnce: number, act: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  let hasFailed = false;
  const work = async () => {
    while (next < count && !hasFailed) {
      next += 1;
      try {
        await act(next - 1);
      } catch (error) {
        hasFailed = true;
        throw error;
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: Math.min(atOnce, count) }, work));
  const failure = ends.find((end) => end.status === "rejected");
  if (failure !== undefined) throw failure.reason;
}

async function readPiece(file: FileHandle, { file: path, head }: PublishedBundle, index: number): Promise<Uint8Array> {
  const from = index * PIECE_BYTES;
  const bytes = new Uint8Array(Math.min(PIECE_BYTES, head.totalBytes - from));
  for (let at = 0; at < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, at, bytes.length - at, from + at);
    if (bytesRead === 0) throw unreadable(path, "The file became shorter while it was read.");
    at += bytesRead;
  }
  return bytes;
}

function unreadable(file: string, reason: string, cause?: unknown): FleetError {
  const message = `The bundle ${file} cannot be read.`;
  return new FleetError({ code: "bundle-unreadable", message, reason, hint: "Run the command again.", cause });
}
