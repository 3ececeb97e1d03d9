import { constants } from "node:fs";
import { type FileHandle, open, readdir } from "node:fs/promises";
import path from "node:path";
import { placeOf } from "../service/service-place.js";
import { type ReadUnit, readUnit, UNIT_MARK } from "../service/unit-file.js";

/** Most units that are described. */
const MAX_UNITS = 16;
/** Most files of a folder that are looked at. */
const MAX_FILES = 500;
/** Largest unit that is read. Those of `nanoagent service install` have 3 KB. */
const MAX_UNIT_BYTES = 65_536;

/** The command of a unit that a person wrote. */
const COMMAND = /^ExecStart=.*\bnanoagent\b/m;

/** A unit that `nanoagent service install` or a person wrote. */
export interface InstalledUnit {
  /** Name with `.service`. */
  unit: string;
  isUser: boolean;
  file: string;
  /** Null for a unit that a person wrote. */
  facts: ReadUnit | null;
}

/** Finds the units that run nanoagent, of the system and of this user. Never rejects. */
export async function findInstalledUnits(): Promise<InstalledUnit[]> {
  if (process.platform !== "linux") return [];
  const found = await Promise.all([findIn(false), findIn(true)]);
  return found.flat().slice(0, MAX_UNITS);
}

async function findIn(isUser: boolean): Promise<InstalledUnit[]> {
  const units: InstalledUnit[] = [];
  try {
    const folder = path.dirname(placeOf({ user: isUser }).unitFile);
    const names = (await readdir(folder)).filter((name) => name.endsWith(".service")).sort();
    for (const unit of names.slice(0, MAX_FILES)) {
      const file = path.join(folder, unit);
      const text = await readBeginning(file);
      if (text.startsWith(UNIT_MARK) || COMMAND.test(text)) units.push({ unit, isUser, file, facts: readUnit(text) });
    }
  } catch {
    // A user without a home folder has no such units.
  }
  return units;
}

async function readBeginning(file: string): Promise<string> {
  let handle: FileHandle | undefined;
  try {
    // Opening a pipe would wait for a writer.
    handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    if (!(await handle.stat()).isFile()) return "";
    const buffer = Buffer.alloc(MAX_UNIT_BYTES);
    const { bytesRead } = await handle.read(buffer, 0, MAX_UNIT_BYTES, 0);
    return buffer.toString("utf8", 0, bytesRead);
  } catch {
    return "";
  } finally {
    await handle?.close().catch(() => {});
  }
}
