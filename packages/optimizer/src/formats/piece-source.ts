import type { ByteSource } from "./byte-source.js";

/** Bytes of a file from an offset on. */
export interface FilePiece {
  offset: number;
  bytes: Uint8Array;
}

/** Some pieces of a file, in order and without overlaps. */
export interface FilePieces {
  /** Size of the whole file. */
  fileBytes: number;
  pieces: readonly FilePiece[];
}

/** A file of which only some pieces are at hand. A read ends where its piece ends. */
export class PieceSource implements ByteSource {
  readonly length: number;
  readonly #pieces: readonly FilePiece[];

  constructor({ fileBytes, pieces }: FilePieces) {
    this.length = fileBytes;
    this.#pieces = pieces;
  }

  async read(offset: number, target: Uint8Array): Promise<number> {
    const piece = this.#pieces.findLast((piece) => piece.offset <= offset);
    const part = piece?.bytes.subarray(offset - piece.offset, offset - piece.offset + target.length);
    if (part === undefined) return 0;
    target.set(part);
    return part.length;
  }
}
