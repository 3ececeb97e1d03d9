import { asSentence, cutText } from "@nanoagent/models";
import { type ProgramEnd, startProgram } from "@nanoagent/runtime/node";
import { isObject } from "../is-object.js";
import { onAbort } from "../on-abort.js";

/** Longest time that a check or a proof may take. Loading a large model from a memory card takes minutes. */
const LIMIT_MILLISECONDS = 10 * 60 * 1000;
/** Most output of a check, whose report lists everything that is wrong. */
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;
const MAX_SAID_CHARACTERS = 200;

/** End of a command of this program, with what it has printed. */
export interface OwnProgramEnd extends ProgramEnd {
  /** The object of its JSON output, or null. */
  readonly output: Readonly<Record<string, unknown>> | null;
  readonly isLate: boolean;
}

/**
 * Runs a command of this program in a process of its own, with the same environment, and reads the JSON that it prints. The
 * process ends with this one, even if this one is killed. Rejects if it cannot be started, and with the signal's reason.
 */
export async function runOwnProgram(args: readonly string[], signal: AbortSignal): Promise<OwnProgramEnd> {
  signal.throwIfAborted();
  const [, main = ""] = process.argv;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const environment = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const child = await startProgram([process.execPath, main, ...args], {
    folder: process.cwd(),
    environment: Object.fromEntries(environment),
    onOutput: (chunk) => {
      bytes += chunk.length;
      if (bytes <= MAX_OUTPUT_BYTES) chunks.push(chunk);
    },
  });
  let isLate = false;
  const end = () => void child.stop();
  const timer = setTimeout(() => {
    isLate = true;
    end();
  }, LIMIT_MILLISECONDS);
  const forget = onAbort(signal, end);
  try {
    const ended = await child.ended;
    signal.throwIfAborted();
    return { ...ended, output: parseOutput(Buffer.concat(chunks).toString()), isLate };
  } finally {
    clearTimeout(timer);
    forget();
  }
}

/** Returns a sentence on how a command ended that has printed no report. */
export function describeEnd({ exitCode, signal, said, isLate }: OwnProgramEnd, command: string): string {
  if (isLate) return `${command} took longer than ${LIMIT_MILLISECONDS / 60_000} minutes.`;
  const last = said === "" ? "" : ` It said: ${cutText(said, MAX_SAID_CHARACTERS)}`;
  if (signal !== null) return `${command} was ended by ${signal}.${last}`;
  return `${command} ended with exit code ${exitCode}.${last}`;
}

/** Returns all sentences of an error as JSON has it. */
export function sentencesOf(value: unknown): string | null {
  if (!isObject(value) || typeof value.message !== "string") return null;
  return [value.message, value.reason, value.hint]
    .filter((part): part is string => typeof part === "string" && part !== "")
    .map(asSentence)
    .join(" ");
}

function parseOutput(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}
