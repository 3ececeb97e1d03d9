import { mkdir } from "node:fs/promises";
import path from "node:path";
import type { EdgeDevice } from "@nanoagent/models";
import { recordMachine } from "@nanoagent/profiler";
import { refuseFile, writeNewFile } from "../write-new-file.js";

/** Writes the `device:` block of a config. Never over a file that is there. */
export async function saveDevice(file: string, { details: _, ...device }: EdgeDevice): Promise<void> {
  const isJson = path.extname(file).toLowerCase() === ".json";
  await writeNewFile(file, isJson ? `${JSON.stringify({ device }, null, 2)}\n` : toYaml(device));
}

/**
 * Writes what the profiler reads here as `machine.json` of a folder, which it makes where its parent is there. Never over
 * a file that is there.
 */
export async function saveRecording(folder: string, dataPath: string | undefined): Promise<void> {
  const recording = await recordMachine({ dataPath });
  await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
    // A file of that name is refused when the recording is written into it.
    if (error.code !== "EEXIST") refuseFile(folder, error);
  });
  await writeNewFile(path.join(folder, "machine.json"), `${JSON.stringify(recording, null, 2)}\n`);
}

/** Strings in quotes: JSON's are YAML's. */
function toYaml(device: EdgeDevice): string {
  const lines = Object.entries(device).map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`);
  return `${["device:", ...lines].join("\n")}\n`;
}
