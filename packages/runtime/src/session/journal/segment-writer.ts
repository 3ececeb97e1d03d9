import path from "node:path";
import { type JournalFile, type JournalFiles, writeAll } from "./journal-files.js";
import type { Segment } from "./segment.js";

const LINE_FEED = Buffer.from("\n");

/** The current segment: its valid part, and the part that is on the device. */
export class SegmentWriter {
  readonly #files: JournalFiles;
  readonly #segment: Segment;
  readonly #file: JournalFile;
  /** False for a session that leaves every sync to the system. Written bytes then count as durable. */
  readonly #isSynced: boolean;
  #bytes: number;
  #durableBytes: number;
  /**
   * Whether another program wrote the end of the file. The device may have lost the last line feed, even if a read
   * shows it.
   */
  #isInherited: boolean;
  #isHurt = false;
  #isWhole = true;

  private constructor(files: JournalFiles, segment: Segment, file: JournalFile, isSynced: boolean, bytes: number) {
    this.#files = files;
    this.#segment = segment;
    this.#file = file;
    this.#isSynced = isSynced;
    this.#bytes = bytes;
    this.#durableBytes = bytes;
    this.#isInherited = bytes > 0;
  }

  /**
   * Continues a segment of this length. The bytes that a killed program left may not be on the device; they are synced
   * first.
   */
  static async resume(files: JournalFiles, segment: Segment, isSynced: boolean, bytes: number): Promise<SegmentWriter> {
    const file = await files.open(segment.path, "write");
    if (isSynced) {
      await file.sync();
      await files.syncFolder(path.dirname(segment.path));
    }
    return new SegmentWriter(files, segment, file, isSynced, bytes);
  }

  /** Creates the file of a new segment. */
  static async create(files: JournalFiles, segment: Segment, isSynced: boolean): Promise<SegmentWriter> {
    return new SegmentWriter(files, segment, await files.open(segment.path, "create"), isSynced, 0);
  }

  /** Length of the valid part. */
  get bytes(): number {
    return this.#bytes;
  }

  /** True after a failure that makes the device's content unknown. Nothing more may be written. */
  get isHurt(): boolean {
    return this.#isHurt;
  }

  /**
   * Checks whether the segment's file is unchanged since the last write. If another program removed, replaced or
   * changed it, the segment becomes hurt, and the file is not touched again.
   */
  async checkFile(): Promise<void> {
    if (this.#isHurt || (await this.#file.isWhole(this.#bytes))) return;
    this.#isWhole = false;
    this.#isHurt = true;
  }

  /** False once {@link checkFile} has found a change. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** The segment that is being written. */
  get segment(): Segment {
    return this.#segment;
  }

  /** Writes the first bytes of a new segment. When this resolves, they and the file's name are on the device. */
  async begin(bytes: Uint8Array): Promise<void> {
    writeAll(this.#file, bytes, 0);
    if (this.#isSynced) {
      await this.#file.sync();
      await this.#files.syncFolder(path.dirname(this.#segment.path));
    }
    this.#bytes = bytes.length;
    this.#durableBytes = bytes.length;
  }

  /** Appends bytes, and syncs them if requested. If it rejects, none of them count. */
  async append(bytes: Uint8Array, { sync }: { sync: boolean }): Promise<void> {
    let end = this.#bytes;
    try {
      if (this.#isInherited) {
        writeAll(this.#file, LINE_FEED, end);
        end += LINE_FEED.length;
      }
      writeAll(this.#file, bytes, end);
      end += bytes.length;
      if (sync) await this.#syncUpTo(end);
    } catch (error) {
      await this.#file.truncate(this.#bytes).catch(() => {
        this.#isHurt = true;
      });
      throw error;
    }
    this.#bytes = end;
    this.#isInherited = false;
  }

  /** Syncs the appended bytes. */
  async sync(): Promise<void> {
    await this.#syncUpTo(this.#bytes);
  }

  /** Closes the file. */
  async close(): Promise<void> {
    await this.#file.close().catch(() => {});
  }

  /** Closes the file permanently, because a new segment follows. */
  async leave(): Promise<void> {
    // Bytes after this point no longer count, and readers would report them as damage.
    if (this.#isHurt && this.#isWhole) await this.#file.truncate(this.#durableBytes).catch(() => {});
    await this.close();
  }

  /** Removes a segment whose first write failed. */
  async remove(): Promise<void> {
    await this.close();
    await this.#files.remove(this.#segment.path);
    await this.#files.syncFolder(path.dirname(this.#segment.path));
  }

  /** Marks the segment as hurt. A file that could not be removed may void records written here from now on. */
  abandon(): void {
    this.#isHurt = true;
  }

  async #syncUpTo(end: number): Promise<void> {
    if (this.#isSynced) {
      try {
        await this.#file.sync();
      } catch (error) {
        this.#isHurt = true;
        throw error;
      }
    }
    this.#durableBytes = end;
  }
}
