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
  "The memory limit leaves no room for compiled code, so Node runs the engine's process without it. Reply speed is unchanged, but loading the model and long chat templates are slower.";

/**
 * Launches a host, chooses its engine meanwhile, and opens the engine there. Throws {@link EngineError}, the error of
 * the choice, or the engine's own error. On failure no process remains.
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
      // The host's Node reserved more than this program's Node, or a lower limit applies to this program.
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
  return new EngineError({ code: "engine-closed", message: "The engine was closed while it was opening." });
}
