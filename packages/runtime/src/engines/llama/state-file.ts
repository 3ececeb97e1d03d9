import { createReadStream } from "node:fs";
import { open, readFile, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { fromCheckedJson, toCheckedJson } from "../../files/checked-json.js";
import { crc32 } from "../../files/crc32.js";
import { makeFolder } from "../../files/make-folder.js";
import { replaceFile } from "../../files/own-files.js";
import type { TextMark } from "./evaluated-text.js";

const FORMAT = 3;
/** Longest description of a state: it has settings, and the text of the conversation. */
const MAX_DESCRIPTION_BYTES = 8 * 2 ** 20;
const SAMPLES = 64;
const SAMPLE_BYTES = 4096;

/** Model and settings that a saved state belongs to. Another context can take it if it has room for it. */
export interface StateOwner {
  /** See {@link modelFingerprint}. */
  model: string;
  engine_version: string;
  context_tokens: number;
  kv_type: string;
}

/** The part of a conversation that was evaluated: a number of tokens, and their text, see {@link EvaluatedText}. */
interface EvaluatedState {
  tokens: number;
  text: string;
  marks: readonly TextMark[];
}

interface StateDescription extends EvaluatedState {
  format: number;
  owner: StateOwner;
  bytes: number;
  crc32: number;
}

/**
 * State of a KV cache on disk: the file that native code wrote (`<path>.kv`), and beside it a description with length,
 * checksum and owner (`<path>.json`), which is written last. Native code is given a state only when the description fits
 * and the bytes are those that were written: a truncated state would end the process, and that of another model would
 * load without an error. A state is put under another name while it is tried: one that ended the process is not found again.
 */
export class StateFile {
  readonly path: string;

  constructor(statePath: string) {
    this.path = statePath;
  }

  get #data(): string {
    return `${this.path}.kv`;
  }

  get #description(): string {
    return `${this.path}.json`;
  }

  /** Name of the description while nobody knows whether the engine survives the state. */
  get #tried(): string {
    return `${this.path}.tried`;
  }

  /**
   * Replaces the state by a file that `write` fills. `write` resolves with the bytes that the file must have: native code
   * does not see when its last bytes find no room. Returns the bytes; null when it is too large, and not kept.
   */
  async save(
    content: EvaluatedState & { owner: StateOwner; maxBytes: number },
    write: (file: string) => Promise<number>,
  ): Promise<number | null> {
    const { owner, tokens, text, marks, maxBytes } = content;
    const temporary = `${this.#data}.new`;
    await makeFolder(path.dirname(this.path), 0o700);
    try {
      // A file of an earlier end. The new one is made here, so that nobody else can read its first byte.
      await rm(temporary, { force: true });
      await (await open(temporary, "wx", 0o600)).close();
      const intendedBytes = await write(temporary);
      await force(temporary);
      const { size } = await stat(temporary);
      if (size !== intendedBytes) {
        throw new Error(`${size} of ${intendedBytes} bytes were written: the disk is full, or it fails.`);
      }
      if (size > maxBytes) return null;
      const written: StateDescription = {
        format: FORMAT,
        owner,
        tokens,
        text,
        marks,
        bytes: size,
        crc32: await checksum(temporary),
      };
      // Without a description there is no state: at no moment has one state the data of the other.
      await this.remove();
      await rename(temporary, this.#data);
      await replaceFile(this.#description, toCheckedJson(written), { sync: true });
      return size;
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /** Finds the state that was saved for this owner, and is whole; null when there is none. Never rejects. */
  async find(owner: StateOwner): Promise<(EvaluatedState & { file: string }) | null> {
    const description = await this.#readDescription();
    if (description === null || !isSameOwner(description.owner, owner)) return null;
    if (description.tokens > owner.context_tokens) return null;
    try {
      const { size } = await stat(this.#data);
      if (size !== description.bytes || (await checksum(this.#data)) !== description.crc32) return null;
    } catch {
      return null;
    }
    const { tokens, text, marks } = description;
    return { file: this.#data, tokens, text, marks };
  }

  /** Returns the tokens that were saved, and the context that they were saved from; null where there is no state. Never rejects. */
  async savedLength(): Promise<{ tokens: number; contextTokens: number } | null> {
    const { tokens, owner } = (await this.#readDescription()) ?? {};
    return tokens !== undefined && isCount(owner?.context_tokens)
      ? { tokens, contextTokens: owner.context_tokens }
      : null;
  }

  /** Says that the engine is about to load the state. Until {@link confirm} nobody finds it. */
  async try(): Promise<void> {
    await rename(this.#description, this.#tried);
  }

  /** Says that the engine has worked with the state that it loaded. */
  async confirm(): Promise<void> {
    await rename(this.#tried, this.#description).catch(() => {});
  }

  async remove(): Promise<void> {
    for (const file of [this.#description, this.#tried, this.#data]) await rm(file, { force: true });
  }

  async #readDescription(): Promise<StateDescription | null> {
    try {
      const status = await stat(this.#description);
      if (!status.isFile() || status.size > MAX_DESCRIPTION_BYTES) return null;
      const value: Partial<StateDescription> | null = fromCheckedJson(await readFile(this.#description, "utf8"));
      const isWhole =
        value?.format === FORMAT &&
        typeof value.owner === "object" &&
        value.owner !== null &&
        isCount(value.tokens) &&
        isCount(value.bytes) &&
        isCount(value.crc32) &&
        typeof value.text === "string" &&
        areMarks(value.marks, value.text, value.tokens);
      return isWhole ? (value as StateDescription) : null;
    } catch {
      return null;
    }
  }
}

/** Tells model files apart without reading all of them: by size, time of change, and samples from all over the file. */
export async function modelFingerprint(modelPath: string): Promise<string> {
  const { createHash } = await import("node:crypto");
  const hash = createHash("sha256");
  const file = await open(modelPath, "r");
  try {
    const { size, mtimeMs } = await file.stat();
    hash.update(`${size} ${mtimeMs} `);
    const buffer = Buffer.alloc(SAMPLE_BYTES);
    for (let sample = 0; sample < SAMPLES; sample++) {
      const position = Math.floor((Math.max(0, size - SAMPLE_BYTES) * sample) / (SAMPLES - 1));
      const { bytesRead } = await file.read(buffer, 0, SAMPLE_BYTES, position);
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
  return hash.digest("hex");
}

function isSameOwner(one: StateOwner, other: StateOwner): boolean {
  const keys = Object.keys(other) as (keyof StateOwner)[];
  return keys.every((key) => key === "context_tokens" || one[key] === other[key]);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Each mark lies in the text and among the tokens, and after the one before. */
function areMarks(value: unknown, text: string, tokens: number): value is TextMark[] {
  if (!Array.isArray(value)) return false;
  const marks: readonly Partial<TextMark | null>[] = value;
  let before = { characters: 0, tokens: 0 };
  for (const mark of marks) {
    if (!isCount(mark?.characters) || !isCount(mark?.tokens)) return false;
    if (mark.characters < before.characters || mark.tokens < before.tokens) return false;
    before = { characters: mark.characters, tokens: mark.tokens };
  }
  return before.characters <= text.length && before.tokens <= tokens;
}

async function checksum(file: string): Promise<number> {
  let sum = 0;
  for await (const piece of createReadStream(file, { highWaterMark: 2 ** 18 })) sum = crc32(piece as Buffer, sum);
  return sum;
}

async function force(file: string): Promise<void> {
  const handle = await open(file, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
