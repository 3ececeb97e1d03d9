import { ToolMemoryError } from "../memory/tool-memory-error.js";

/** A tool began, and its program was killed or its server was lost before it had a result. It may have acted. */
export class InterruptedToolError extends Error {
  override name = "InterruptedToolError";
}

/** Whether nobody knows if the tool acted before it failed. */
export function isInterruption(error: unknown): boolean {
  return error instanceof InterruptedToolError || error instanceof ToolMemoryError;
}
