import { onAbort } from "../../on-abort.js";
import { EngineError } from "../engine-error.js";
import { withNotice } from "../engine-facts.js";
import { explainFailedStart } from "./explain-failed-start.js";
import { findHost, type HostCommand } from "./find-host.js";
import { HostProcess } from "./host-process.js";
import type { ChosenEngine, HostProcessOptions, HostStart } from "./host-start.js";
import { findCodeReservation, type HostLaunch } from "./launch-host.js";
import { refuseInsideHost } from "./wrong-host.js";

const WITHOUT_COMPILED_CODE =
  "The memory limit leaves Node no room for compiled code, so the engine's process runs without it. Replies are as fast; opening the model and long chat templates are slower.";

/**
 * Launches a host, has its engine chosen meanwhile, and opens it there. Throws {@link EngineError}, what choosing threw, or
 * what the engine threw as it opened; no process is left then.
 */
export async function startHost(options: HostProcessOptions): Promise<HostProcess> {
  const { onProgress, signal, savePatience } = options;
  let limits = options.limits ?? {};
  let command: HostCommand | undefined;
  let host: HostProcess;
  try {
    refuseInsideHost();
    command = findHost(options);
    limits = { ...limits, reservedCodeBytes: limits.reservedCodeBytes ?? (await findCodeReservation(command)) };
    host = new HostProcess(command, limits, savePatience);
  } catch (cause) {
    void limits.group?.remove();
    if (command === undefined) throw cause;
    throw explainFailedStart({ command, exitCode: null, signal: null, cause, output: "" }) ?? cause;
  }
  const launched = command;
  const launchAgain = async (changes: HostLaunch): Promise<void> => {
    await host.leaveTo();
    if (signal?.aborted) throw cancelled();
    limits = { ...limits, ...changes };
    host = new HostProcess(launched, limits, savePatience);
  };
  const stopListening = onAbort(signal, () => host.kill());
  try {
    const { source, dataBytes } = await choose(options);
    if (dataBytes > (limits.dataBytes ?? Number.POSITIVE_INFINITY)) await launchAgain({ dataBytes });
    try {
      await host.open(source, onProgress);
    } catch (error) {
      if (!host.mayStartWithoutCompiledCode) throw error;
      // The reservation was more than was read of this program's own, or a limit around it is lower.
      await launchAgain({ withoutCompiledCode: true });
      await host.open(source, onProgress);
      host.facts = withNotice(host.facts, WITHOUT_COMPILED_CODE);
    }
    return host;
  } catch (error) {
    host.kill();
    void limits.group?.remove();
    throw signal?.aborted ? cancelled() : error;
  } finally {
    stopListening();
  }
}

async function choose({ source, limits }: HostStart): Promise<ChosenEngine> {
  return typeof source === "function" ? source() : { source, dataBytes: limits?.dataBytes ?? 0 };
}

function cancelled(): EngineError {
  return new EngineError({ code: "engine-closed", message: "The engine was closed while it was being opened." });
}
