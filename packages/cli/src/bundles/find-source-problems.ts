import { stat } from "node:fs/promises";
import path from "node:path";
import { asSentence } from "@nanoagent/models";
import { InvalidScenariosError, readScenarios } from "@nanoagent/runtime/eval";
import { readWrittenConfig } from "@nanoagent/runtime/program";
import { isObject } from "../is-object.js";

const SMOKE = "smoke.yaml";
const CONFIGS = ["agent.yaml", "agent.json"];

/** Returns what is wrong with the smoke questions of a folder, one sentence each. None without questions. */
export async function findSmokeProblems(folder: string): Promise<readonly string[]> {
  const file = path.join(folder, SMOKE);
  if (!(await exists(file))) return [];
  try {
    await readScenarios(file);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidScenariosError)) throw error;
    if (error.issues.length === 0) return [asSentence(error.message.replace(file, SMOKE))];
    return error.issues.map(
      ({ line, key, message }) => `${SMOKE}:${line}${key === "" ? "" : `, ${key}`}: ${asSentence(message)}`,
    );
  }
}

/** Returns the `session.dir` of a folder's config if it is inside the folder, otherwise null. */
export async function findSessionInside(folder: string): Promise<string | null> {
  for (const name of CONFIGS) {
    const file = path.join(folder, name);
    if (!(await exists(file))) continue;
    const config = await readWrittenConfig(file);
    const session = isObject(config) ? config.session : undefined;
    const dir = isObject(session) ? session.dir : undefined;
    return typeof dir === "string" && !dir.includes("${") && isInside(path.resolve(folder, dir), folder) ? dir : null;
  }
  return null;
}

function isInside(file: string, folder: string): boolean {
  const way = path.relative(path.resolve(folder), file);
  return way !== ".." && !way.startsWith(`..${path.sep}`) && !path.isAbsolute(way);
}

async function exists(file: string): Promise<boolean> {
  return (await stat(file).catch(() => null)) !== null;
}
