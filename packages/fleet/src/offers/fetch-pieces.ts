import { setTimeout as pause } from "node:timers/promises";
import type { Broker, BrokerMessage } from "@nanoagent/server/mqtt";
import { pieceTopic } from "../piece-topic.js";
import { PIECE_BYTES } from "./bundle-offer.js";
import { WrongContent } from "./content-check.js";
import { fetchError } from "./fetch-error.js";
import type { PartialBundle } from "./partial-bundle.js";

/** Pieces that are wrong before it is given up. */
const MAX_WRONG_PIECES = 3;

export interface PieceTimes {
  /** Longest time for one piece, in milliseconds. */
  readonly piece: number;
  /** Pause after a wrong one. */
  readonly wrongPause: number;
}

export const defaultPieceTimes: PieceTimes = { piece: 60_000, wrongPause: 1000 };

export interface FetchPiecesParts {
  readonly broker: Broker;
  readonly prefix: string;
  readonly manifestSha256: string;
  readonly pieces: number;
  readonly partial: PartialBundle;
  readonly signal: AbortSignal;
  readonly onBytes: () => void;
  readonly times: PieceTimes;
}

/**
 * Fetches the missing pieces of a bundle from a broker, one after the other: a broker drops messages for a client to which it may
 * not send more, and pieces are large.
 */
export async function fetchPieces(parts: FetchPiecesParts): Promise<void> {
  const { partial, signal, onBytes, times } = parts;
  let wrong = 0;
  while (!partial.isComplete) {
    const index = Math.floor(partial.receivedBytes / PIECE_BYTES);
    const bytes = await receivePiece(parts, index);
    try {
      await partial.append(bytes.subarray(partial.receivedBytes - index * PIECE_BYTES));
      onBytes();
    } catch (error) {
      if (!(error instanceof WrongContent)) throw error;
      wrong += 1;
      if (wrong >= MAX_WRONG_PIECES) throw wrongPiece(index, error);
      // The operator may be replacing them.
      await pause(times.wrongPause, undefined, { signal });
    }
  }
}

/** Resolves with a piece that has the right size. Others are ignored, since the right one may still come. */
async function receivePiece(parts: FetchPiecesParts, index: number): Promise<Uint8Array> {
  const { broker, prefix, manifestSha256, pieces, partial, signal, times } = parts;
  const topic = pieceTopic(prefix, manifestSha256, index);
  const size = Math.min(PIECE_BYTES, partial.totalBytes - index * PIECE_BYTES);
  signal.throwIfAborted();
  let wrongSize: number | null = null;
  let end = () => {};
  try {
    return await new Promise<Uint8Array>((resolve, reject) => {
      const take = async ({ payload }: BrokerMessage) => {
        if (payload.length === size) resolve(payload);
        else if (payload.length > 0) wrongSize = payload.length;
      };
      // An earlier process may have left the subscription, and acknowledged the piece.
      const unsubscribe = broker.subscribe(topic, take, { storedAgain: true });
      const timer = setTimeout(() => reject(missing()), times.piece);
      const abort = () => reject(signal.reason);
      signal.addEventListener("abort", abort, { once: true });
      end = () => {
        unsubscribe();
        clearTimeout(timer);
        signal.removeEventListener("abort", abort);
      };
    });
  } finally {
    end();
  }

  function missing() {
    const name = `Piece ${index + 1} of ${pieces}`;
    const problem = broker.isConnected ? broker.problem : (broker.problem ?? "The broker is not connected.");
    const fault = wrongSize === null ? "did not come" : `has ${wrongSize} bytes instead of ${size}`;
    const reason = `${name} ${fault}.${problem === null ? "" : ` ${problem}`}`;
    return fetchError("the broker", reason, advice);
  }
}

const advice = "Publish it again: nanoagent fleet update SELECTOR BUNDLE";

function wrongPiece(index: number, { message }: WrongContent) {
  return fetchError(
    "the broker",
    `Its pieces are not those of the bundle, up to piece ${index + 1}. ${message}`,
    advice,
  );
}
