import { readdir, rm, rmdir, statfs } from "node:fs/promises";
import path from "node:path";
import { LocalMachine, MeasurementError, measurementPath } from "@nanoagent/profiler";
import { ClaimedError, claimFolder, makeFolder } from "@nanoagent/runtime/node";

/** Types of file systems that lie in memory: tmpfs and ramfs. */
const IN_MEMORY: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);

/** A folder for the models that a calibration makes, which one program has at a time. */
export interface CalibrationFolder {
  path: string;
  /** Whether the folder is on a disk in memory. Reading a hole of a mapped file takes room there, and a full disk then ends the program. */
  isInMemory: boolean;
  /** Removes the folder with all in it. */
  remove(): Promise<void>;
}

/**
 * Makes the folder `calibration` beside the device's measurement, which is written there in any case. What an interrupted
 * calibration left there is removed. Throws {@link MeasurementError} when it cannot be made, or another program has it.
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
        message: `Another calibration of this device is running; it has the folder ${folder}.`,
        hint: "Wait until it has ended, then run this command again.",
        cause,
      });
    }
    throw cannotWrite(folder, cause);
  }
}

/** The error for a folder that cannot be written to. */
export function cannotWrite(file: string, cause: unknown): MeasurementError {
  return new MeasurementError({
    message: `The calibration cannot write ${file}.`,
    reason: cause instanceof Error ? cause.message : String(cause),
    hint: "Make room there, or set XDG_STATE_HOME to a folder that has room and that this user can write to.",
    cause,
  });
}
