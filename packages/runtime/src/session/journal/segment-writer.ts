import path from "node:path";
import { type JournalFile, type JournalFiles, writeAll } from "./journal-files.js";
import type { Segment } from "./segment.js";

const LINE_FEED = Buffer.from("\n");

/** The one segment that is written: what of its file counts, and what is on the device. */
export class SegmentWriter {
  readonly #files: JournalFiles;
  readonly #segment: Segment;
  readonly #file: JournalFile;
  /** False for a session that leaves every sync to the system: then what is written passes for durable. */
  readonly #isSynced: boolean;
  #bytes: number;
  #durableBytes: number;
  /** Another program wrote its end. The device may have lost the last line feed, whatever a read shows. */
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

  /** Continues a segment of this length. A killed program may have left bytes in it that are not on the device: they come first. */
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

  /** Length of the part that counts. */
  get bytes(): number {
    return this.#bytes;
  }

  /** True after a failure that left open what the device has behind `bytes`, or of it. Nothing more may be written. */
  get isHurt(): boolean {
    return this.#isHurt;
  }

  /**
   * Looks whether the segment's file is as it was written. Where it is not, as another program removed, replaced or changed
   * it, the segment is hurt, and no further byte of the file is touched.
   */
  async checkFile(): Promise<void> {
    if (this.#isHurt || (await this.#file.isWhole(this.#bytes))) return;
    this.#isWhole = false;
    this.#isHurt = true;
  }

  /** False after {@link checkFile} has found the file changed. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** The segment that is written. */
  get segment(): Segment {
    return this.#segment;
  }

  /** Writes the first bytes of a new segment. They, and the file's name, are on the device when this resolves. */
  async begin(bytes: Buffer): Promise<void> {
    writeAll(this.#file, bytes, 0);
    if (this.#isSynced) {
      await this.#file.sync();
      await this.#files.syncFolder(path.dirname(this.#segment.path));
    }
    this.#bytes = bytes.length;
    this.#durableBytes = bytes.length;
  }

  /** Adds bytes, and syncs them where that is asked for. When it rejects, none of them count. */
  async append(bytes: Buffer, { sync }: { sync: boolean }): Promise<void> {
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

  /** Forces to the device what was added. */
  async sync(): Promise<void> {
    await this.#syncUpTo(this.#bytes);
  }

  /** Closes the file. */
  async close(): Promise<void> {
    await this.#file.close().catch(() => {});
  }

  /** Closes the file for good, when a new segment follows. */
  async leave(): Promise<void> {
    // Nothing behind this counts any more, and readers would take it for damage.
    if (this.#isHurt && this.#isWhole) await this.#file.truncate(this.#durableBytes).catch(() => {});
    await this.close();
  }

  /** Removes a segment that could not be begun. */
  async remove(): Promise<void> {
    await this.close();
    await this.#files.remove(this.#segment.path);
    await this.#files.syncFolder(path.dirname(this.#segment.path));
  }

  /** Marks the segment as hurt: a file that could not be removed may make void what is written here from now on. */
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
