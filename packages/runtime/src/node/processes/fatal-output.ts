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
