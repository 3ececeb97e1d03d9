import { open } from "node:fs/promises";
import path from "node:path";

/** Longest first line of a script that Linux reads. */
const MAX_FIRST_LINE_BYTES = 256;

/**
 * Returns the name or path of the program that runs a script, from its first line, or null for any other file. For
 * `env`, it is the program after the options and variables of `env`.
 */
export async function readInterpreter(file: string): Promise<string | null> {
  const [, line] = /^#!\s*([^\n]*)/.exec(await beginningOf(file)) ?? [];
  const [interpreter, ...rest] = line?.split(/\s+/).filter(Boolean) ?? [];
  if (interpreter === undefined) return null;
  if (path.basename(interpreter) !== "env") return interpreter;
  return rest.find((word) => !word.startsWith("-") && !word.includes("=")) ?? interpreter;
}

async function beginningOf(file: string): Promise<string> {
  try {
    const handle = await open(file, "r");
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAX_FIRST_LINE_BYTES), 0, MAX_FIRST_LINE_BYTES, 0);
      return buffer.toString("latin1", 0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch {
    // A program may be executable but not readable.
    return "";
  }
}
