import { closeSync, openSync } from "node:fs";
import { isatty } from "node:tty";
import type { Streams } from "../streams.js";

/**
 * Returns what a service does on SIGHUP: it reads its config again with `reload`. The same signal says that the terminal
 * was closed; then it ends the service.
 */
export function hangUpHandler(streams: Streams, reload: () => void): () => void {
  const wasAtTerminal = isatty(0);
  return () => {
    if (streams.stop.aborted) return;
    if (!wasAtTerminal || hasTerminal()) return reload();
    streams.onHangUp = null;
    process.kill(process.pid, "SIGHUP");
  };
}

/** A process whose terminal was closed has none any more. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync("/dev/tty", "r"));
    return true;
  } catch {
    return false;
  }
}
