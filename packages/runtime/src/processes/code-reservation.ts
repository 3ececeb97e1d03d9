import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { promisify } from "node:util";
import { BYTES_PER_MB } from "@nanoagent/models";
import { isNode } from "./is-node.js";
import { findProgram, type ProgramPlace } from "./launch-program.js";
import { readInterpreter } from "./read-interpreter.js";

/** V8 reserves code memory in multiples of this, and later changes the protection of a few pages at its end. */
const RESERVATION_STEP_BYTES = 64 * BYTES_PER_MB;
/** Timeout for the query of another Node. On a slow board it starts within a second or two. */
const ASK_MILLISECONDS = 20_000;

/**
 * Memory that this Node reserves for compiled code when it starts, in bytes. Almost none of it is used, but RLIMIT_DATA
 * counts all of it, so a limit must be set above it: 512 MB with Node 23 and newer on x64, 0 with Node 20 and 22. Read
 * from the memory map of this process (its largest writable and executable part). 0 if there is none.
 */
export function ownCodeReservation(): number {
  own ??= reservationIn(readOwnMap());
  return own;
}

let own: number | undefined;

/** Returns the reservation in a memory map in the format of `/proc/PID/maps`, in bytes. */
export function reservationIn(map: string): number {
  const sizes = [...map.matchAll(/^([0-9a-f]+)-([0-9a-f]+) rwxp 0+ 00:00 0 *$/gm)].map(
    ([, start, end]) => Number.parseInt(end ?? "", 16) - Number.parseInt(start ?? "", 16),
  );
  // Code compiled without a reservation is far smaller than a step.
  return Math.round(Math.max(0, ...sizes) / RESERVATION_STEP_BYTES) * RESERVATION_STEP_BYTES;
}

/**
 * Returns the memory that a program reserves for compiled code when it starts, in bytes, or 0 for a program that does
 * not run on Node. `file` is the program's path, `rest` its arguments. A script counts as the program in its first
 * line.
 */
export async function codeReservationOf(file: string, rest: readonly string[], place: ProgramPlace): Promise<number> {
  if (process.platform !== "linux") return 0;
  const interpreter = await readInterpreter(file);
  const program = interpreter === null ? file : await findProgram(interpreter, place).catch(() => interpreter);
  const own = await realpath(process.execPath).catch(() => process.execPath);
  const isThisNode = (await realpath(program).catch(() => program)) === own;
  if (!isThisNode && !isNode(program)) return 0;
  // Flags end where the script begins. Later arguments belong to the script.
  const flags = interpreter === null ? rest.slice(0, rest.findIndex((text) => !text.startsWith("-")) >>> 0) : [];
  if (excludesCompiledCode([...flags, ...flagsIn(place.environment.NODE_OPTIONS)])) return 0;
  // A child program does not inherit the option to run without compiled code.
  if (isThisNode && !runsWithoutCompiledCode()) return ownCodeReservation();
  return reservationOfOther(program, place);
}

/** RLIMIT_DATA of a program, and the part of it that only covers Node's code reservation, in bytes. */
export interface DataLimit {
  dataBytes: number;
  reservedCodeBytes: number;
}

/** Returns the limit for a program with this memory of its own, or null without a limit. */
export async function dataLimitFor(
  maxMemoryBytes: number | undefined,
  file: string,
  rest: readonly string[],
  place: ProgramPlace,
): Promise<DataLimit | null> {
  if (maxMemoryBytes === undefined) return null;
  const reservedCodeBytes = await codeReservationOf(file, rest, place);
  return { dataBytes: maxMemoryBytes + reservedCodeBytes, reservedCodeBytes };
}

const ofOthers = new Map<string, number>();

/** Starts another Node once, in the tool's environment, and reads its memory map. A failed query is repeated. */
async function reservationOfOther(file: string, { folder, environment }: ProgramPlace): Promise<number> {
  const known = ofOthers.get(file);
  if (known !== undefined) return known;
  const print = `process.stdout.write(require("fs").readFileSync("/proc/self/maps", "utf8"))`;
  const options = { timeout: ASK_MILLISECONDS, cwd: folder, env: environment };
  try {
    const { stdout } = await promisify(execFile)(file, ["-e", print], options);
    ofOthers.set(file, reservationIn(stdout));
  } catch {
    return 0;
  }
  return ofOthers.get(file) ?? 0;
}

/** Whether this program was told to run without compiled code, as on systems that forbid it. */
export function runsWithoutCompiledCode(): boolean {
  return excludesCompiledCode([...process.execArgv, ...flagsIn(process.env.NODE_OPTIONS)]);
}

function excludesCompiledCode(flags: readonly string[]): boolean {
  return flags.some((flag) => /^--(jitless|lite[-_]mode)$/.test(flag));
}

function flagsIn(nodeOptions = ""): string[] {
  return nodeOptions.split(/[\s"]+/);
}

function readOwnMap(): string {
  if (process.platform !== "linux") return "";
  try {
    return readFileSync("/proc/self/maps", "utf8");
  } catch {
    return "";
  }
}
