import { readdir, rm, rmdir, statfs } from "node:fs/promises";
import path from "node:path";
import { LocalMachine, MeasurementError, measurementPath } from "@nanoagent/profiler";
import { ClaimedError, claimFolder, makeFolder } from "@nanoagent/runtime/node";

/** Types of file systems in memory: tmpfs and ramfs. */
const IN_MEMORY: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);

/** Folder for the synthetic models of a calibration. Only one program can use it at a time. */
export interface CalibrationFolder {
  path: string;
  /**
   * Whether the folder is on a file system in memory. Reading a hole of a mapped file allocates memory there, and if
   * that fails the program ends.
   */
  isInMemory: boolean;
  /** Removes the folder and its models. */
  remove(): Promise<void>;
}

/**
 * Creates the folder `calibration` beside the device's measurement, which must be writable anyway. Removes the files of
 * an interrupted calibration. Throws {@link MeasurementError} if it cannot be created or another program uses it.
 */
export async function openCalibrationFolder(): Promise<CalibrationFolder> {
  const folder = path.join(path.dirname(measurementPath(new LocalMachine())), "calibration");
  try {
    await makeFolder(folder, 0o700);
    const claim = await claimFolder(folder, "optimize --calibrate");
    const empty = async () => {
      for (const name of await readdir(folder)) if (name.endsWith(".gguf")) await rm(path.join(folder, name));
    };
    await empty();
    return {
      path: folder,
      isInMemory: IN_MEMORY.has((await statfs(folder)).type >>> 0),
      async remove() {
        await empty().catch(() => {});
        await claim.release();
        await rmdir(folder).catch(() => {});
      },
    };
  } catch (cause) {
    if (cause instanceof ClaimedError) {
      throw new MeasurementError({
        message: `Another calibration of this device is running and uses the folder ${folder}.`,
        hint: "Wait until it ends, then run this command again.",
        cause,
      });
    }
    throw cannotWrite(folder, cause);
  }
}

/** Returns the error for a file or folder that cannot be written. */
export function cannotWrite(file: string, cause: unknown): MeasurementError {
  return new MeasurementError({
    message: `The calibration cannot write ${file}.`,
    reason: cause instanceof Error ? cause.message : String(cause),
    hint: "Free space there, or set XDG_STATE_HOME to a writable folder with enough space.",
    cause,
  });
}
