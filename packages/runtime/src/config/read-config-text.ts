import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { decodeText } from "../files/decode-text.js";
import { InvalidConfigError } from "./invalid-config-error.js";

/**
 * A thousand intents with their sentences take a third of this. What is larger is no config, and a text that is made to
 * hurt keeps the YAML parser busy for seconds a megabyte.
 */
export const MAX_CONFIG_BYTES = 256 * 1024;

/** The text of a config file: bounded, UTF-8 or UTF-16, with or without a byte order mark. */
export async function readConfigText(file: string): Promise<string> {
  return decode(file, await readBytes(file));
}

async function readBytes(file: string): Promise<Buffer> {
  try {
    // Opening a named pipe must not wait for its other end.
    const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const status = await handle.stat();
      if (status.isDirectory())
        throw InvalidConfigError.unreadable(file, "it is a folder", "Name a file in it, such as agent.yaml.");
      if (!status.isFile())
        throw InvalidConfigError.unreadable(file, "it is no regular file", "Save the config to a file first.");
      const buffer = Buffer.alloc(Math.min(status.size, MAX_CONFIG_BYTES) + 1);
      let length = 0;
      while (length < buffer.length) {
        const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      if (length > MAX_CONFIG_BYTES) {
        throw InvalidConfigError.unreadable(
          file,
          `it has ${status.size} bytes, and a config has at most ${MAX_CONFIG_BYTES}`,
          "Is this a model file? A model goes into model_path.",
        );
      }
      return buffer.subarray(0, length);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (cause instanceof InvalidConfigError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    const [reason, hint] = readFailures[code ?? ""] ?? [message, "Check the path and the permissions of the file."];
    throw InvalidConfigError.unreadable(file, reason, hint, cause);
  }
}

const readFailures: Partial<Record<string, [reason: string, hint: string]>> = {
  ENOENT: ["there is no such file", "Check the path; it is relative to the folder you are in."],
  ENOTDIR: ["a part of its path is no folder", "Check the path."],
  EACCES: ["permission is denied", "Allow this user to read it: chmod u+r."],
  EPERM: ["permission is denied", "Allow this user to read it."],
  EISDIR: ["it is a folder", "Name a file in it, such as agent.yaml."],
};

function decode(file: string, bytes: Buffer): string {
  const decoded = decodeText(bytes);
  if ("text" in decoded) return decoded.text;
  const { reason, hint, isBinary } = decoded;
  const model = "Is this a model file? A model goes into model_path.";
  throw InvalidConfigError.unreadable(file, reason, isBinary ? model : hint);
}
