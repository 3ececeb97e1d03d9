import type { Writable } from "node:stream";

/** Marks of a text for a terminal; without colors each returns its text. */
export interface TerminalStyle {
  bold(text: string): string;
  dim(text: string): string;
}

/** How a terminal may be written to. */
export interface TerminalAbilities {
  /** Whether the cursor may be moved, and text be drawn again. */
  redraws: boolean;
  style: TerminalStyle;
}

const plain: TerminalStyle = { bold: (text) => text, dim: (text) => text };
const styled: TerminalStyle = {
  bold: (text) => `\u001b[1m${text}\u001b[22m`,
  dim: (text) => `\u001b[2m${text}\u001b[22m`,
};

/**
 * Reads from the environment how a stream may be written to: `NO_COLOR` turns colors off, `FORCE_COLOR` turns them on even
 * in a pipe, and `TERM=dumb`, like `isPlain`, allows neither colors nor redrawing.
 */
export function terminalAbilities(
  stream: Writable & { isTTY?: boolean },
  environment: NodeJS.ProcessEnv,
  isPlain: boolean,
): TerminalAbilities {
  const isDumb = environment.TERM === "dumb" || isPlain;
  const { NO_COLOR = "", FORCE_COLOR } = environment;
  const isForced = FORCE_COLOR !== undefined && FORCE_COLOR !== "0" && FORCE_COLOR !== "false";
  const isColored = isForced || (stream.isTTY === true && !isDumb && NO_COLOR === "" && FORCE_COLOR === undefined);
  return { redraws: stream.isTTY === true && !isDumb, style: isColored ? styled : plain };
}
