import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { FleetError } from "../fleet-error.js";

/** Opens the file of a bundle to read it. Throws `FleetError` (`bundle-unreadable`). */
export async function openBundle(file: string): Promise<FileHandle> {
  try {
    // A pipe would wait for its writer.
    return await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    const { code } = error as { code?: string };
    throw new FleetError({
      code: "bundle-unreadable",
      message: `The bundle ${file} cannot be read.`,
      reason: code === "ENOENT" ? "The file does not exist." : `The system reports ${code ?? String(error)}.`,
      hint: "Pass the path of a file that nanoagent bundle create wrote.",
      cause: error,
    });
  }
}
