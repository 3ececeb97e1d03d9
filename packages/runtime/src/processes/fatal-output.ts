import type { DataLimit } from "./code-reservation.js";

/** Addresses of V8's native stack, its headings, and its lines of nothing but a #. */
const STACK_LINE = /^\s*(#|\d+: 0x[0-9a-f]+.*|-+ \w+ stack trace -+)\s*$/i;

/** Returns the last words of a program without the native stack that V8 prints after a fatal error. */
export function withoutNativeStack(output: string): string {
  const lines = output.split("\n").filter((line) => line.trim() !== "" && !STACK_LINE.test(line));
  return lines
    .map((line) => line.replace(/^# /, ""))
    .join("\n")
    .trim();
}

/** V8 prints this when a limit leaves it no room for the memory that it reserves for compiled code. */
const NO_ROOM_FOR_CODE = /reserve virtual memory for CodeRange/i;

/** Whether a program ended because its Node could not reserve memory for compiled code. */
export function lacksRoomForCode(output: string): boolean {
  return NO_ROOM_FOR_CODE.test(output);
}

/**
 * Words that native code, the C++ library, V8 and other runtimes print when they get no memory. They end the process in
 * different ways (a failed assertion, a trap, an exception that nobody catches), so the words alone tell.
 */
const OUT_OF_MEMORY_WORDS =
  /out of memory|memory exhausted|bad_alloc|mem_buffer|(failed to|can(no|')t|unable to|could( not|n't)) (allocate|reserve|map)|not enough memory|insufficient memory|allocation (of .{1,40} )?failed|heap limit|ENOMEM|Resource temporarily unavailable|MemoryError|OutOfMemoryError/i;

/** Returns whether a text reports that memory could not be allocated. */
export function tellsOfMemory(text: string): boolean {
  return OUT_OF_MEMORY_WORDS.test(text);
}

/** V8 and Node end so when they get no memory, often without a word. */
const SIGNALS_OF_V8 = new Set<unknown>(["SIGABRT", "SIGTRAP", "SIGILL", "SIGSEGV"]);

/**
 * Returns the last words of a program, short enough for a message, and what they mean where `limit` was the cause: it
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
