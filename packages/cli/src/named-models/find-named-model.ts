import { NanoAgentError } from "@nanoagent/models";
import { plainLine } from "../output/plain-text.js";
import { StatusLine } from "../output/status-line.js";
import { terminalAbilities } from "../output/terminal-style.js";
import type { Streams } from "../streams.js";

/**
 * Returns the path of the model with a name. A file of another program is read once, to compare it with its hash, before
 * its first use; a status line shows the progress.
 */
export async function findNamedModel(
  name: string,
  { stderr, stop }: Pick<Streams, "stderr" | "stop">,
): Promise<string> {
  const { readHubEnvironment, resolveAnyName } = await import("@nanoagent/hub/local-models");
  const status = new StatusLine(stderr, terminalAbilities(stderr, process.env, false));
  try {
    const onHash = ({ hashedBytes, totalBytes }: { hashedBytes: number; totalBytes: number }) =>
      status.update(
        () => `Verifying ${plainLine(name)}: ${Math.floor((100 * hashedBytes) / Math.max(1, totalBytes))} %`,
      );
    const { path } = await resolveAnyName(name, readHubEnvironment(), { onHash, signal: stop });
    return path;
  } catch (error) {
    if (!stop.aborted || NanoAgentError.isInstance(error)) throw error;
    throw new NanoAgentError({ code: "aborted", message: `Interrupted while ${plainLine(name)} was verified.` });
  } finally {
    status.clear();
  }
}
