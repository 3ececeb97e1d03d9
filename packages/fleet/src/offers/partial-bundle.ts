import { constants } from "node:fs";
import { type FileHandle, mkdir, open } from "node:fs/promises";
import path from "node:path";
import type { BundleHead } from "../bundle/bundle-manifest.js";
import { FleetError } from "../fleet-error.js";
import { removePartialBundles } from "../releases/remove-partial-bundles.js";
import type { BundleOffer } from "./bundle-offer.js";
import { ContentCheck, WrongContent } from "./content-check.js";

const READ_BYTES = 256 * 1024;

export interface PartialBundleParts {
  readonly folder: string;
  readonly offer: Pick<BundleOffer, "sequence" | "manifest_sha256" | "size">;
  /** Called with the lines before the files, as soon as they are here. What it throws ends the download. */
  readonly checkHead: (head: BundleHead) => void;
  readonly signal: AbortSignal;
}

/**
 * The part of a bundle that was fetched, in a file. Everything in it is compared with the manifest as it comes, and again when a
 * file of an earlier start is opened, so a complete one is the bundle.
 */
export class PartialBundle {
  readonly path: string;
  readonly totalBytes: number;
  readonly #file: FileHandle;
  readonly #check: ContentCheck;
  #receivedBytes = 0;

  private constructor(file: FileHandle, filePath: string, { offer, checkHead }: PartialBundleParts) {
    this.#file = file;
    this.path = filePath;
    this.totalBytes = offer.size;
    this.#check = new ContentCheck({ totalBytes: offer.size, checkHead, manifestSha256: offer.manifest_sha256 });
  }

  /** Opens the file of an offer, and removes those of others. Throws `FleetError` (`bundle-unsuitable`) if the disk fails. */
  static async open(parts: PartialBundleParts): Promise<PartialBundle> {
    const { folder, offer } = parts;
    const name = `${offer.sequence}-${offer.manifest_sha256}.part`;
    const filePath = path.join(folder, name);
    let file: FileHandle;
    try {
      await mkdir(folder, { recursive: true });
      await removePartialBundles(folder, name);
      file = await open(filePath, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    } catch (cause) {
      throw diskFailure(filePath, cause);
    }
    const partial = new PartialBundle(file, filePath, parts);
    try {
      await partial.#readAgain(parts.signal);
    } catch (error) {
      await file.close();
      throw error;
    }
    return partial;
  }

  /** Bytes that are here, from the first one on. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** The lines before the files, or null until they are here. */
  get head(): BundleHead | null {
    return this.#check.head;
  }

  get isComplete(): boolean {
    return this.#check.isComplete && this.#receivedBytes === this.totalBytes;
  }

  /**
   * Takes the next bytes. Throws {@link WrongContent} if they are not those of the bundle; what is not known to be right is
   * dropped then. Throws `FleetError` (`bundle-unsuitable`) if the disk fails.
   */
  async append(bytes: Uint8Array): Promise<void> {
    if (bytes.length > this.totalBytes - this.#receivedBytes)
      throw new WrongContent("It has more bytes than the bundle.");
    try {
      for (let at = 0; at < bytes.length; ) {
        const { bytesWritten } = await this.#file.write(bytes, at, bytes.length - at, this.#receivedBytes + at);
        at += bytesWritten;
      }
    } catch (cause) {
      throw diskFailure(this.path, cause);
    }
    this.#receivedBytes += bytes.length;
    try {
      this.#check.push(bytes);
    } catch (error) {
      await this.#goBack();
      throw error;
    }
  }

  /** Drops everything. */
  async clear(): Promise<void> {
    await this.#goBack({ toStart: true });
  }

  async sync(): Promise<void> {
    try {
      await this.#file.datasync();
    } catch (cause) {
      throw diskFailure(this.path, cause);
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #goBack({ toStart = false }: { readonly toStart?: boolean } = {}): Promise<void> {
    this.#check.goBack({ toStart });
    this.#receivedBytes = this.#check.goodBytes;
    try {
      await this.#file.truncate(this.#receivedBytes);
    } catch (cause) {
      throw diskFailure(this.path, cause);
    }
  }

  /** Reads an earlier download, up to its end or to the first file that is wrong. */
  async #readAgain(signal: AbortSignal): Promise<void> {
    const buffer = new Uint8Array(READ_BYTES);
    for (;;) {
      signal.throwIfAborted();
      let bytesRead: number;
      try {
        ({ bytesRead } = await this.#file.read(buffer, 0, buffer.length, this.#receivedBytes));
      } catch (cause) {
        throw diskFailure(this.path, cause);
      }
      if (bytesRead === 0) return;
      this.#receivedBytes += bytesRead;
      try {
        if (this.#receivedBytes > this.totalBytes) throw new WrongContent("It has more bytes than the bundle.");
        this.#check.push(buffer.subarray(0, bytesRead));
      } catch (error) {
        await this.#goBack();
        if (error instanceof WrongContent) return;
        throw error;
      }
    }
  }
}

function diskFailure(file: string, cause: unknown): FleetError {
  const code = (cause as { code?: string }).code ?? "unknown error";
  const isFull = code === "ENOSPC" || code === "EDQUOT";
  return new FleetError({
    code: "bundle-unsuitable",
    message: "The bundle cannot be downloaded.",
    reason: isFull
      ? `The disk has too little free space for ${file} (${code}).`
      : `The file ${file} cannot be read or written (${code}).`,
    hint: isFull ? "Free some space, and offer the bundle again." : "Check the folder and its permissions.",
    cause,
  });
}
