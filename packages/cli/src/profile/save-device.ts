import { mkdir } from "node:fs/promises";
import path from "node:path";
import type { EdgeDevice } from "@nanoagent/models";
import { recordMachine } from "@nanoagent/profiler";
import { refuseFile, writeNewFile } from "../write-new-file.js";

/** Writes the `device:` block of a config to a new file. */
export async function saveDevice(file: string, { details: _, ...device }: EdgeDevice): Promise<void> {
  const isJson = path.extname(file).toLowerCase() === ".json";
  await writeNewFile(file, isJson ? `${JSON.stringify({ device }, null, 2)}\n` : toYaml(device));
}

/**
 * Writes the profiler's raw readings to a new file `machine.json` in a folder. Creates the folder, but not its parents.
 */
export async function saveRecording(folder: string, dataPath: string | undefined): Promise<void> {
  const recording = await recordMachine({ dataPath });
  await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
    // If a file has that name, writing the recording fails below.
    if (error.code !== "EEXIST") refuseFile(folder, error);
  });
  await writeNewFile(path.join(folder, "machine.json"), `${JSON.stringify(recording, null, 2)}\n`);
}

/** Formats the device as YAML. JSON's quoted strings are valid there. */
function toYaml(device: EdgeDevice): string {
  const lines = Object.entries(device).map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`);
  return `${["device:", ...lines].join("\n")}\n`;
}
