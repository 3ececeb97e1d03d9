import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import type { EdgeDevice } from "@nanoagent/models";
import { recordMachine } from "@nanoagent/profiler";
import { UsageError } from "../errors/usage-error.js";

/** Writes the `device:` block of a config. Never over a file that is there. */
export async function saveDevice(file: string, { details: _, ...device }: EdgeDevice): Promise<void> {
  const isJson = path.extname(file).toLowerCase() === ".json";
  await writeNew(file, isJson ? `${JSON.stringify({ device }, null, 2)}\n` : toYaml(device));
}

/** Writes what the profiler reads here as `machine.json` of a folder, which it makes. Never over a file that is there. */
export async function saveRecording(folder: string, dataPath: string | undefined): Promise<void> {
  const recording = await recordMachine({ dataPath });
  await mkdir(folder, { recursive: true }).catch((error: unknown) => refuse(folder, error));
  await writeNew(path.join(folder, "machine.json"), `${JSON.stringify(recording, null, 2)}\n`);
}

/** Strings in quotes: JSON's are YAML's. */
function toYaml(device: EdgeDevice): string {
  const lines = Object.entries(device).map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`);
  return `${["device:", ...lines].join("\n")}\n`;
}

async function writeNew(file: string, text: string): Promise<void> {
  await writeFile(file, text, { flag: "wx" }).catch((error: unknown) => refuse(file, error));
}

function refuse(file: string, error: unknown): never {
  const { code } = error as { code?: string };
  if (code === "EEXIST") {
    throw new UsageError({ message: `${file} is there already.`, hint: "Give another name, or remove it first." });
  }
  throw new UsageError({
    message: `${file} cannot be written: ${code ?? String(error)}.`,
    hint: "Give another place.",
  });
}
