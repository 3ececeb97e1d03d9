import { isatty } from "node:tty";
import { fileURLToPath } from "node:url";
import type { NanoAgentConfigInput } from "@nanoagent/models";
import { type Agent, openAgent } from "@nanoagent/runtime";
import { engineTypeOf } from "@nanoagent/runtime/program";
import type { AgentServer, DeviceConditions, Listening } from "@nanoagent/server";
import { version } from "../../package.json";
import type { CommandAction, OptionValues } from "../command-line/command.js";
import { exitCodes } from "../exit-codes.js";
import { boundHeap } from "../heap-flags.js";
import { onAbort } from "../on-abort.js";
import { formatJson } from "../output/format.js";
import { plainText } from "../output/plain-text.js";
import { StatusLine } from "../output/status-line.js";
import { terminalAbilities } from "../output/terminal-style.js";
import { modelName } from "../run/model-name.js";
import { readAgent } from "../run/read-agent.js";
import { RunStatus } from "../run/run-status.js";
import type { Streams } from "../streams.js";
import { checkSettings, readAddress } from "./check-settings.js";
import { hangUpHandler } from "./hang-up.js";
import { configFileOf, FleetJoiner } from "./join-fleet.js";
import { SystemdNotifier } from "./notify-systemd.js";
import { Reloader } from "./reloader.js";
import { ServeLog } from "./serve-log.js";
import { ServiceUpdates } from "./service-updates.js";
import { TerminalDesk } from "./terminal-desk.js";

/** Time for running replies when the service stops, and for closing the agent after that. */
const STOP_MILLISECONDS = 15_000;

/** Serves an agent until a signal ends the program. */
export const serveAgent: CommandAction = async (values, streams) => {
  // A reload that is asked for now is done after the start.
  let isReloadDue = false;
  let reload = () => {
    isReloadDue = true;
  };
  streams.onHangUp = hangUpHandler(streams, () => reload());
  const address = await readAddress(values);
  const log = new ServeLog(streams.stderr, String(values["log-level"] ?? "info"));
  // Before anything starts a process, which would inherit the variables. The service is asked once it is ready.
  const systemd = SystemdNotifier.open({ environment: process.env, log: log.write, isLost: () => isLost(server) });
  // An update that was interrupted is taken back before the config is read.
  await using updates = await ServiceUpdates.open(await configFileOf(values), log, streams.stop);
  const say = (message: string) => log.write({ level: "info", event: "notice", message });
  const config = await readAgent(values, streams, say, "serve");
  await checkSettings(config, values);
  // Modules of Node are loaded before the flags of V8 change.
  const [{ createServer }] = await Promise.all([import("@nanoagent/server"), import("node:http")]);
  await boundHeap(engineTypeOf(config));
  const fleet = new FleetJoiner(values, () => updates.updater());
  const open = (next: NanoAgentConfigInput) => fleet.open(next, () => openShowing(next, streams));
  const agent = await open(config);
  const logsTexts = values["log-texts"] === true;
  const server = createServer(agent, {
    version,
    logsTexts,
    readDevice,
    joinFleet: fleet.join,
    readRelease: updates.status,
    log: (entry) => {
      log.write(entry);
      if (entry.event === "turn-end") reloader.noteTurn();
    },
  });
  const reloader = new Reloader({ server, log, values, streams, open, config, systemd });
  const openHost = async () => {
    const { openServiceHost } = await import("./service-host.js");
    return openServiceHost({ server, reloader, values, streams, log, systemd });
  };
  try {
    if (streams.stop.aborted) return exitCodes.interrupted;
    updates.prepare({ server, openHost });
    const listening = await server.listen(address);
    streams.stopMilliseconds = STOP_MILLISECONDS;
    tellReady(listening, values, server, streams);
    await updates.listen();
    void systemd?.ready(listening.url);
    reloader.tellNotices();
    reload = () => reloader.request();
    if (isReloadDue) reload();
    const terminal = isAtTerminal(values, streams) ? new TerminalDesk(server.permissions, streams, log) : null;
    await new Promise<void>((resolve) => onAbort(streams.stop, resolve));
    void systemd?.stopping();
    log.write({ level: "info", event: "service-stop", ...runningOf(await server.status()) });
    // A change of the agent is given up, and its turns are not waited for.
    await Promise.all([updates.close(), server.drain()]);
    terminal?.close();
    return exitCodes.done;
  } finally {
    await Promise.all([updates.close(), server.close()]);
    await reloader.ended;
    await server.agent.close();
  }
};

/** Whether the service has no agent, so that only a restart helps. */
async function isLost(server: AgentServer): Promise<boolean> {
  const { health } = await server.status();
  return health.reasons.some(({ code }) => code === "agent-missing");
}

/** Reads temperature and power of this machine. */
async function readDevice(): Promise<DeviceConditions> {
  const profiler = await import("@nanoagent/profiler");
  const { temperature_celsius, is_throttled, memory_pressure_percent, power_source } = await profiler.readDevice();
  return { temperature_celsius, is_throttled, memory_pressure_percent, power_source };
}

/** Opens an agent. A terminal shows how far its model is loaded. */
async function openShowing(config: NanoAgentConfigInput, { stderr }: Streams): Promise<Agent> {
  const status = new RunStatus(
    new StatusLine(stderr, terminalAbilities(stderr, process.env, false)),
    modelName(config),
  );
  if (engineTypeOf(config) !== "rules") status.load();
  try {
    return await openAgent(config, {
      hostFile: fileURLToPath(new URL("./host-program.js", import.meta.url)),
      ownsProgram: true,
      onLoadProgress: (share) => status.loaded(share),
    });
  } finally {
    status.clear();
  }
}

/** Whether a person at a terminal can be asked. */
function isAtTerminal({ json }: OptionValues, { stdout }: Streams): boolean {
  return !json && stdout.isTTY === true && isatty(0);
}

function tellReady(
  { url, port, madeKey, keyFile, wyoming }: Listening,
  values: OptionValues,
  server: AgentServer,
  streams: Streams,
): void {
  const { stdout, stderr } = streams;
  if (madeKey !== null) {
    const { key, file } = madeKey;
    stderr.write(
      plainText(
        `Clients need this key, which is shown only now and kept in ${file}:\n  ${key}\n` +
          `They send it as a header, "Authorization: Bearer ${key}". Most have a field "API key" for it.\n`,
      ),
    );
  } else if (keyFile !== null) stderr.write(plainText(`Clients need the key that is kept in ${keyFile}.\n`));
  const { name } = server.agent.config.spec;
  if (values.json) {
    const ready = { event: "ready", url, port, pid: process.pid, agent: name };
    stdout.write(formatJson(wyoming === null ? ready : { ...ready, wyoming }));
    return;
  }
  const voice = wyoming === null ? "" : `Listening on ${wyoming.url} for voice assistants\n`;
  stdout.write(`Listening on ${url}\n${voice}`);
}

function runningOf({ turns: { running, waiting } }: { turns: { running: number; waiting: number } }) {
  return { running, waiting };
}
