import { createReadStream, fstatSync } from "node:fs";
import { stat } from "node:fs/promises";
import type { Readable, Writable } from "node:stream";
import { NanoAgentError } from "@nanoagent/models";
import { MAX_MESSAGE_BYTES } from "@nanoagent/runtime";
import { decodeText } from "@nanoagent/runtime/node";
import { onAbort } from "../on-abort.js";
import type { Streams } from "../streams.js";

/** Time that a pipe has to begin with a document. A program that starts this one may leave the pipe open for nothing. */
const PATIENCE_MILLISECONDS = 3000;

/**
 * Reads the document that a question is about: the file of `--document`, or what is piped in. Returns an empty text where
 * there is none. Throws `NanoAgentError` for one that is too large or is not text.
 */
export async function readDocument(path: string | undefined, streams: Streams): Promise<string> {
  if (path === "-") return textOf(await readStream(streams.stdin, streams, null), "The standard input");
  if (path !== undefined) return readFile(path, streams);
  if (!mayHaveDocument(streams.stdin)) return "";
  return textOf(await readStream(streams.stdin, streams, PATIENCE_MILLISECONDS), "The standard input");
}

/** Puts a document before the question about it. */
export function askAbout(document: string, question: string): string {
  return document.trim() === "" ? question : `${document.trimEnd()}\n\n${question}`;
}

/** Whether the standard input is a pipe, a socket or a file: a terminal and /dev/null are not. */
function mayHaveDocument(stdin: Streams["stdin"]): boolean {
  if (stdin.isTTY) return false;
  const { fd } = stdin as { fd?: number };
  if (fd === undefined) return true;
  try {
    const found = fstatSync(fd);
    return found.isFIFO() || found.isSocket() || found.isFile();
  } catch {
    return false;
  }
}

async function readFile(path: string, streams: Streams): Promise<string> {
  const name = `The document ${path}`;
  try {
    const found = await stat(path);
    // To open a pipe that no one writes to would never end.
    if (!found.isFile()) throw new Error("it is not a regular file");
    return textOf(await readStream(createReadStream(path), streams, null, name), name);
  } catch (cause) {
    if (NanoAgentError.isInstance(cause)) throw cause;
    throw new NanoAgentError({
      code: "usage",
      message: `${name} cannot be read.`,
      reason: cause instanceof Error ? cause.message : String(cause),
      hint: "Check the path after --document, or pipe the text in: COMMAND | nanoagent run --once TEXT",
      cause,
    });
  }
}

/** Reads to the end; with `patience`, gives up when nothing has come after that time. */
async function readStream(
  stdin: Readable,
  { stop, stderr }: { stop: AbortSignal; stderr: Writable },
  patience: number | null,
  name = "The standard input",
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const timer = patience === null ? undefined : setTimeout(() => stdin.destroy(), patience);
  const stopListening = onAbort(stop, () => stdin.destroy());
  try {
    for await (const chunk of stdin) {
      clearTimeout(timer);
      bytes += (chunk as Buffer).length;
      if (bytes > MAX_MESSAGE_BYTES) throw tooLarge(name);
      chunks.push(Buffer.from(chunk as Buffer));
    }
  } catch (error) {
    // Giving up is an error of the stream.
    if (NanoAgentError.isInstance(error) || bytes > 0) throw error;
    if (!stop.aborted)
      stderr.write("note: No document came on the standard input within 3 s; answering without one.\n");
  } finally {
    clearTimeout(timer);
    stopListening();
    stdin.destroy();
  }
  return Buffer.concat(chunks);
}

function textOf(bytes: Uint8Array, name: string): string {
  const decoded = decodeText(bytes);
  if ("text" in decoded) return decoded.text;
  throw new NanoAgentError({
    code: "invalid-message",
    message: `${name} is not text that can be read: ${decoded.reason}.`,
    hint: decoded.isBinary ? "Convert it to text first, such as with pdftotext." : decoded.hint,
  });
}

function tooLarge(name: string): NanoAgentError {
  return new NanoAgentError({
    code: "message-too-large",
    message: `${name} exceeds the limit of ${MAX_MESSAGE_BYTES} bytes.`,
    hint: "Send only the part that matters.",
  });
}
