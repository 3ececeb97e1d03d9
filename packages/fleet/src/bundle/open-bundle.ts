import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { FleetError } from "../fleet-error.js";

/** Opens the file of a bundle to read it. Throws `FleetError` (`bundle-unreadable`). */
export async function openBundle(file: string): Promise<FileHandle> {
  try {
    // A pipe would wait for its writer.
    return await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    throw readingProblem(file, error);
  }
}

/** Returns an error of the system as one of reading a bundle, and any other unchanged. */
export function readingProblem(file: string, error: unknown): unknown {
  const { code } = error as { code?: unknown };
  if (typeof code !== "string" || !/^E[A-Z0-9]+$/.test(code)) return error;
  return new FleetError({
    code: "bundle-unreadable",
    message: `The bundle ${file} cannot be read.`,
    reason: code === "ENOENT" ? "The file does not exist." : `The system reports ${code}.`,
    hint: "Pass the path of a file that nanoagent bundle create wrote.",
    cause: error,
  });
}
