import { open, readFile, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { fromCheckedJson, toCheckedJson } from "../../files/checked-json.js";
import { makeFolder } from "../../files/make-folder.js";
import { replaceFile } from "../../files/own-files.js";
import type { TextMark } from "./evaluated-text.js";
import { isIntact, writeStateData } from "./state-data.js";

const FORMAT = 3;
/** Longest description of a state, which contains settings and the conversation's text. */
const MAX_DESCRIPTION_BYTES = 8 * 2 ** 20;
/** Part of a description that begins with its format. */
const BEGINNING_BYTES = 64;
const SAMPLES = 64;
const SAMPLE_BYTES = 4096;

/** Model and settings that a saved state belongs to. It can be loaded into any context that is long enough. */
export interface StateOwner {
  /** See {@link modelFingerprint}. */
  model: string;
  engine_version: string;
  context_tokens: number;
  kv_type: string;
}

/** The evaluated part of a conversation: token count and text, see {@link EvaluatedText}. */
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
 * State of a KV cache on disk: the file written by native code (`<path>.kv`), and a description with length, checksum
 * and owner (`<path>.json`), which is written last. Native code only gets a state whose description and bytes match: a
 * truncated state would crash the process, and one of another model would load without an error. The description is
 * renamed while a state is tried, so that one that crashed the process is not found again.
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

  /** Name of the description while the state is being tried. */
  get #tried(): string {
    return `${this.path}.tried`;
  }

  /** Description that a newer version of this program wrote, or null. Its state is never changed. */
  async newerFile(): Promise<string | null> {
    for (const file of [this.#description, this.#tried]) if ((await readFormat(file)) > FORMAT) return file;
    return null;
  }

  /**
   * Replaces the state with a file that `write` fills and whose size it returns. Returns the number of bytes, or null if
   * the state was not kept: it is too large, or a newer version of this program wrote the one that is there.
   */
  async save(
    content: EvaluatedState & { owner: StateOwner; maxBytes: number },
    write: (file: string) => Promise<number>,
  ): Promise<number | null> {
    const { owner, tokens, text, marks, maxBytes } = content;
    if ((await this.newerFile()) !== null) return null;
    const temporary = `${this.#data}.new`;
    await makeFolder(path.dirname(this.path), 0o700);
    try {
      const { bytes, crc32 } = await writeStateData(temporary, write, { sync: true });
      if (bytes > maxBytes) return null;
      const written: StateDescription = {
        format: FORMAT,
        owner,
        tokens,
        text,
        marks,
        bytes,
        crc32,
      };
      // Remove the old description first, so that no description ever matches the data of another state.
      await this.remove();
      await rename(temporary, this.#data);
      await replaceFile(this.#description, toCheckedJson(written), { sync: true });
      return bytes;
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /** Finds an intact state that was saved for this owner, or returns null. Never rejects. */
  async find(owner: StateOwner): Promise<(EvaluatedState & { file: string }) | null> {
    const description = await this.#readDescription();
    if (description === null || !isSameOwner(description.owner, owner)) return null;
    if (description.tokens > owner.context_tokens) return null;
    if (!(await isIntact(this.#data, description))) return null;
    const { tokens, text, marks } = description;
    return { file: this.#data, tokens, text, marks };
  }

  /**
   * Returns the number of saved tokens and the context that they were saved from, or null without a state. Never
   * rejects.
   */
  async savedLength(): Promise<{ tokens: number; contextTokens: number } | null> {
    const { tokens, owner } = (await this.#readDescription()) ?? {};
    return tokens !== undefined && isCount(owner?.context_tokens)
      ? { tokens, contextTokens: owner.context_tokens }
      : null;
  }

  /** Marks the state as being loaded. It cannot be found again until {@link confirm}. */
  async try(): Promise<void> {
    await rename(this.#description, this.#tried);
  }

  /** Records that the engine worked with the loaded state. */
  async confirm(): Promise<void> {
    await rename(this.#tried, this.#description).catch(() => {});
  }

  /** Removes the state, unless a newer version of this program wrote it. */
  async remove(): Promise<void> {
    if ((await this.newerFile()) !== null) return;
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

/** Returns the format at the beginning of a description; 0 if none can be read. Never rejects. */
async function readFormat(file: string): Promise<number> {
  try {
    if (!(await stat(file)).isFile()) return 0;
    const handle = await open(file, "r");
    try {
      const buffer = Buffer.alloc(BEGINNING_BYTES);
      const { bytesRead } = await handle.read(buffer, 0, BEGINNING_BYTES, 0);
      return Number(/^\s*\{\s*"format"\s*:\s*(\d{1,9})/.exec(buffer.toString("latin1", 0, bytesRead))?.[1] ?? 0);
    } finally {
      await handle.close();
    }
  } catch {
    return 0;
  }
}

/** Identifies a model file without reading all of it: by size, modification time, and samples from the whole file. */
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

/** Whether all marks are within the text and tokens, in ascending order. */
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
