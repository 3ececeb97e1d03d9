import { type FileHandle, open } from "node:fs/promises";
import type { createTarPacker } from "modern-tar";

const PIECE_BYTES = 1_048_576;

/**
 * Writes a tar archive to an open file. Sizes above 8 GiB and long names get pax headers. Memory: 8 MiB, because the
 * same buffers are used again and again.
 */
export class TarWriter {
  readonly #packer: ReturnType<typeof createTarPacker>;
  /** Buffers whose contents are written. */
  readonly #free: Uint8Array<ArrayBuffer>[] = [];
  readonly #written: Promise<number>;

  private constructor(handle: FileHandle, packer: ReturnType<typeof createTarPacker>) {
    this.#packer = packer;
    this.#written = this.#drain(handle);
    this.#written.catch(() => {});
  }

  static async open(handle: FileHandle): Promise<TarWriter> {
    const { createTarPacker } = await import("modern-tar");
    return new TarWriter(handle, createTarPacker());
  }

  /** Adds a small file. */
  async addText(name: string, text: Uint8Array): Promise<void> {
    await this.#add(name, text.length, async (write) => write(Uint8Array.from(text)));
  }

  /** Adds a file of the disk. `onPiece` sees all its bytes in order; if it throws, the archive is given up. */
  async addFile(name: string, file: string, bytes: number, onPiece: (piece: Uint8Array) => void): Promise<void> {
    const handle = await open(file, "r");
    try {
      await this.#add(name, bytes, async (write) => {
        for (let position = 0; position < bytes; ) {
          const buffer = this.#free.pop() ?? new Uint8Array(PIECE_BYTES);
          const { bytesRead } = await handle.read(buffer, 0, Math.min(PIECE_BYTES, bytes - position), position);
          if (bytesRead === 0) throw new Error(`${file} became shorter while it was read.`);
          position += bytesRead;
          const piece = buffer.subarray(0, bytesRead);
          onPiece(piece);
          await write(piece);
        }
      });
    } finally {
      await handle.close();
    }
  }

  /** Ends the archive. Returns its size in bytes. */
  async finish(): Promise<number> {
    this.#packer.controller.finalize();
    return this.#written;
  }

  async #add(
    name: string,
    size: number,
    body: (write: (piece: Uint8Array<ArrayBuffer>) => Promise<void>) => Promise<void>,
  ): Promise<void> {
    try {
      const writer = this.#packer.controller
        .add({ name, size, type: "file", mode: 0o644, mtime: new Date() })
        .getWriter();
      writer.closed.catch(() => {});
      await body((piece) => writer.write(piece));
      await writer.close();
    } catch (error) {
      this.#packer.controller.error(error);
      // The file must not be closed while a piece is written to it. The error of the disk is the first.
      await this.#written;
      throw error;
    }
  }

  async #drain(handle: FileHandle): Promise<number> {
    const reader = this.#packer.readable.getReader();
    let written = 0;
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return written;
        for (let offset = 0; offset < value.length; ) {
          const { bytesWritten } = await handle.write(value, offset, value.length - offset, written);
          offset += bytesWritten;
          written += bytesWritten;
        }
        if (value.buffer.byteLength === PIECE_BYTES) this.#free.push(new Uint8Array(value.buffer as ArrayBuffer));
      }
    } catch (error) {
      await reader.cancel(error).catch(() => {});
      throw error;
    }
  }
}
