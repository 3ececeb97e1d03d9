import type { WaitOptions } from "@nanoagent/fleet";
import type { OptionValues } from "../command-line/command.js";
import { formatDuration } from "../output/duration.js";
import { StatusLine } from "../output/status-line.js";
import { terminalAbilities } from "../output/terminal-style.js";
import type { Streams } from "../streams.js";

/** Waits for an agent as long as `--wait` says, and shows at a terminal how long it has taken. */
export async function waitingFor<Result>(
  what: string,
  { wait }: OptionValues,
  { stderr }: Streams,
  work: (options: WaitOptions) => Promise<Result>,
): Promise<Result> {
  const line = new StatusLine(stderr, { redraws: terminalAbilities(stderr, process.env, false).redraws });
  line.begin((seconds) => `${what} (${formatDuration(seconds)})`);
  try {
    return await work(wait === undefined ? {} : { waitMilliseconds: Number(wait) * 1000 });
  } finally {
    line.clear();
  }
}
