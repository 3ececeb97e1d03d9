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
 * Returns the last words of a program that was limited, short enough for a message. A Node that met its limit before it
 * began gets an explanation with them: it is started by a program that is not known to be Node, or starts worker threads.
 */
export function explainOutput(output: string, maxCharacters: number): string {
  if (lacksRoomForCode(output)) return CODE_RESERVATION;
  return withoutNativeStack(output).slice(-maxCharacters);
}

const CODE_RESERVATION =
  "Node 23 and newer reserve 512 MB of address space for compiled code when they start, and as much for each worker thread. " +
  "max_memory_mb leaves no room for that: name the Node program itself in command, whose reservation is added to the limit, or raise max_memory_mb by 512 for each";
