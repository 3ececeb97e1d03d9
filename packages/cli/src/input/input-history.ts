import { appendFile, chmod, readFile, rename, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { makeFolder } from "@nanoagent/runtime/program";

/** Most messages that are kept. */
export const MAX_KEPT_MESSAGES = 1000;
/** Longest message that is kept, in characters: a pasted document is useless on the arrow keys. */
const MAX_MESSAGE_CHARACTERS = 4096;
/** A file that is larger is rewritten with the newest messages when it is opened. */
const MAX_FILE_BYTES = 512 * 1024;

/**
 * Messages that were typed at a terminal, in a file of mode 0600: one JSON text a line, oldest first. Sessions that run at
 * the same time append to the same file. The file is a convenience, so whatever fails is ignored.
 */
export class InputHistory {
  readonly #file: string;
  #last: Promise<unknown> = Promise.resolve();

  /** Messages of earlier sessions, oldest first. */
  readonly messages: readonly string[];

  private constructor(file: string, messages: readonly string[]) {
    this.#file = file;
    this.messages = messages;
  }

  static async open(file: string): Promise<InputHistory> {
    const messages = await readMessages(file).catch(() => []);
    return new InputHistory(file, messages);
  }

  /** Keeps a message, unless it begins with a space, is very long, or repeats the one before. */
  add(message: string): void {
    if (message.startsWith(" ") || message.trim() === "" || message.length > MAX_MESSAGE_CHARACTERS) return;
    this.#last = this.#last.then(() => append(this.#file, message)).catch(() => {});
  }

  /** Resolves when all messages are written. */
  async close(): Promise<void> {
    await this.#last;
  }
}

/** The file in the user's state folder, as XDG_STATE_HOME or LOCALAPPDATA name it; null where there is no home. */
export function historyFile(environment: NodeJS.ProcessEnv, platform: NodeJS.Platform): string | null {
  const { XDG_STATE_HOME, LOCALAPPDATA, HOME } = environment;
  const name = path.join("nanoagent", "history.jsonl");
  if (XDG_STATE_HOME?.startsWith("/")) return path.join(XDG_STATE_HOME, name);
  if (platform === "win32") return LOCALAPPDATA ? path.join(LOCALAPPDATA, name) : null;
  return HOME ? path.join(HOME, ".local", "state", name) : null;
}

async function append(file: string, message: string): Promise<void> {
  await makeFolder(path.dirname(file), 0o700);
  await appendFile(file, `${JSON.stringify(message)}\n`, { mode: 0o600 });
}

async function readMessages(file: string): Promise<string[]> {
  const { size } = await stat(file);
  // Someone else's text of any size may be in its place.
  if (size > 16 * MAX_FILE_BYTES) return [];
  await chmod(file, 0o600);
  const lines = (await readFile(file, "utf8")).split("\n");
  const messages = lines.flatMap(readMessage);
  const newest = messages.slice(-MAX_KEPT_MESSAGES);
  // Rewriting the file would remove lines that only a newer version understands.
  if (lines.some(isOfNewerVersion)) return newest;
  if (size > MAX_FILE_BYTES || messages.length > 2 * MAX_KEPT_MESSAGES) {
    const written = `${file}.${process.pid}`;
    await writeFile(written, newest.map((message) => `${JSON.stringify(message)}\n`).join(""), { mode: 0o600 });
    await rename(written, file);
  }
  return newest;
}

/** A line that a kill has cut off is left out. */
function readMessage(line: string): string[] {
  try {
    const message: unknown = JSON.parse(line);
    return typeof message === "string" ? [message] : [];
  } catch {
    return [];
  }
}

/** Whether a line is whole JSON, but not a text. */
function isOfNewerVersion(line: string): boolean {
  return /^\s*[{[]/.test(line) && /[}\]]\s*$/.test(line);
}
