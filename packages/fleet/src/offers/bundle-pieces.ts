import type { Broker } from "@nanoagent/server/mqtt";
import type { BundleHead } from "../bundle/bundle-manifest.js";

/** Bundle whose pieces are published. */
export interface PublishedBundle {
  readonly broker: Broker;
  readonly prefix: string;
  /** Path of its file. */
  readonly file: string;
  readonly head: BundleHead;
  readonly signal: AbortSignal;
  /** Called with the share that is published, from 0 to 1. */
  readonly onProgress?: ((share: number) => void) | undefined;
}

/** Publishes a bundle in pieces, retained. Resolves when the broker has all of them. */
export async function publishPieces(_bundle: PublishedBundle): Promise<void> {
  throw new Error("not written yet");
}

/** Removes the pieces of a bundle from the broker, the first one last. */
export async function removePieces(_bundle: {
  readonly broker: Broker;
  readonly prefix: string;
  readonly manifestSha256: string;
  readonly pieces: number;
  readonly signal: AbortSignal;
}): Promise<void> {
  throw new Error("not written yet");
}
