import type { DataLimit } from "./code-reservation.js";

/** Addresses of V8's native stack, its headings, and lines that contain only a #. */
const STACK_LINE = /^\s*(#|\d+: 0x[0-9a-f]+.*|-+ \w+ stack trace -+)\s*$/i;

/** Returns the end of a program's output without the native stack that V8 prints after a fatal error. */
export function withoutNativeStack(output: string): string {
  const lines = output.split("\n").filter((line) => line.trim() !== "" && !STACK_LINE.test(line));
  return lines
    .map((line) => line.replace(/^# /, ""))
    .join("\n")
    .trim();
}

/** V8 prints this if a limit leaves no room for its code reservation. */
const NO_ROOM_FOR_CODE = /reserve virtual memory for CodeRange/i;

/** Whether a program ended because its Node could not reserve memory for compiled code. */
export function lacksRoomForCode(output: string): boolean {
  return NO_ROOM_FOR_CODE.test(output);
}

/**
 * Messages that native code, the C++ library, V8 and other runtimes print when an allocation fails. The processes end
 * in different ways (a failed assertion, a trap, an uncaught exception), so only the message is reliable.
 */
const OUT_OF_MEMORY_WORDS =
  /out of memory|memory exhausted|bad_alloc|mem_buffer|(failed to|can(no|')t|unable to|could( not|n't)) (allocate|reserve|map)|not enough memory|insufficient memory|allocation (of .{1,40} )?failed|heap limit|ENOMEM|Resource temporarily unavailable|MemoryError|OutOfMemoryError/i;

/** Returns whether a text reports a failed memory allocation. */
export function tellsOfMemory(text: string): boolean {
  return OUT_OF_MEMORY_WORDS.test(text);
}

/** Signals with which V8 and Node end when an allocation fails, often without a message. */
const SIGNALS_OF_V8 = new Set<unknown>(["SIGABRT", "SIGTRAP", "SIGILL", "SIGSEGV"]);

/**
 * Returns the end of a program's output, short enough for a message, with an explanation if `limit` was the cause: it
 * left Node no room to start, or none for a worker thread.
 */
export function explainOutput(
  output: string,
  { maxCharacters, endedBy, limit }: { maxCharacters: number; endedBy: unknown; limit: DataLimit | null },
): string {
  if (limit !== null && lacksRoomForCode(output)) return limit.reservedCodeBytes > 0 ? TOO_SMALL : NOT_KNOWN_AS_NODE;
  const words = withoutNativeStack(output).slice(-maxCharacters);
  if (limit === null || !SIGNALS_OF_V8.has(endedBy)) return words;
  return [words, "max_memory_mb may be too small for it"].filter(Boolean).join("; ");
}

const TOO_SMALL =
  "max_memory_mb is too small. Node takes about 64 MB to start, and from version 23 on reserves 512 MB more for each worker thread";
const NOT_KNOWN_AS_NODE =
  "it starts Node, which from version 23 on reserves 512 MB for compiled code, and max_memory_mb leaves no room for that. " +
  "Name Node itself in command, then the reservation is added; or raise max_memory_mb by 512 for each Node";
