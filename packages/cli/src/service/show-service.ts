import { access, readFile } from "node:fs/promises";
import { get } from "node:http";
import { get as getSecurely } from "node:https";
import { BYTES_PER_MB } from "@nanoagent/models";
import { readConfig } from "@nanoagent/runtime/node";
import type { OptionValues } from "../command-line/command.js";
import { exitCodes } from "../exit-codes.js";
import { formatDuration } from "../output/duration.js";
import { formatFields, formatJson } from "../output/format.js";
import { formatTime } from "../output/format-time.js";
import { plainText } from "../output/plain-text.js";
import type { Streams } from "../streams.js";
import { describeExit, staysStopped } from "./describe-exit.js";
import { urlOf } from "./install-service.js";
import { notInstalled } from "./not-installed.js";
import { readVariables, type ServicePlace } from "./service-place.js";
import { lastLines } from "./show-logs.js";
import type { Systemd } from "./systemd.js";
import { nameOptions, shellWord, sudoProgram } from "./typed-command.js";
import { type ReadUnit, readUnit } from "./unit-file.js";
import type { UnitState } from "./unit-state.js";
import { unknownDevice } from "./unknown-device.js";

const LABEL_COLUMN = 11;
const LAST_LINES = 5;
/** Longest wait for `/health`. */
const HEALTH_MILLISECONDS = 3000;
const MAX_HEALTH_BYTES = 16_384;

/** Shows whether a service runs, how it does, and whether its unit still fits. Exit code 1 if it does not run. */
export async function showService(
  place: ServicePlace,
  { json }: OptionValues,
  { stdout }: Streams,
  systemd: Systemd,
): Promise<number> {
  const state = await systemd.show(place.unit);
  const text = await readFile(place.unitFile, "utf8").catch(() => null);
  if (!state.isLoaded && text === null) throw notInstalled(place);
  const unit = text === null ? null : readUnit(text);
  const url = urlOf(state);
  const health = url === null || state.active !== "active" ? null : await askHealth(url);
  const notes = unit === null ? [] : await findNotes(place, unit);
  const isRunning = state.active === "active" || state.active === "reloading";
  const log = isRunning ? [] : await lastLines(place.unit, systemd, [`--lines=${LAST_LINES}`]).catch(() => []);
  const report: Report = { place, state, unit, url, health, notes, log };
  stdout.write(json === true ? formatJson(asJson(report)) : plainText(describe(report)));
  return isRunning ? exitCodes.done : exitCodes.failed;
}

interface Report {
  place: ServicePlace;
  state: UnitState;
  unit: ReadUnit | null;
  url: string | null;
  /** Null: not asked, or no answer. */
  health: { status: string; reasons: string[] } | null;
  notes: string[];
  log: string[];
}

function asJson({ place, state, unit, url, health, notes, log }: Report) {
  return {
    unit: place.unit,
    file: place.unitFile,
    state: state.active,
    since: state.since === null ? null : new Date(state.since * 1000).toISOString(),
    starts_at_boot: state.enabled === "enabled",
    reason: describeExit(state),
    exit_code: state.exitCode,
    pid: state.pid,
    restarts: state.restarts,
    memory: { used_bytes: state.memoryBytes, limit_bytes: state.memoryMaxBytes },
    url,
    health,
    config: unit?.config ?? null,
    notes,
    log,
  };
}

function describe(report: Report): string {
  const { place, state, unit, url, health, notes, log } = report;
  const now = Date.now() / 1000;
  const since =
    state.since === null
      ? ""
      : ` since ${formatTime(new Date(state.since * 1000))} (${formatDuration(now - state.since)})`;
  const exit = describeExit(state);
  const process = state.pid === null ? "" : `, process ${state.pid}`;
  const head = `${place.unit}: ${wordFor(state)}${since}${process}${exit === null || state.active === "active" ? "" : `: ${exit}`}`;
  const used = state.memoryBytes === null ? "unknown" : String(Math.round(state.memoryBytes / BYTES_PER_MB));
  const limit =
    state.memoryMaxBytes === null ? "without a limit" : `of ${Math.round(state.memoryMaxBytes / BYTES_PER_MB)} MB`;
  const fields = {
    ...(url !== null && state.active === "active" && { Address: url }),
    ...(health !== null && { Health: [health.status, ...health.reasons].join(": ") }),
    ...(state.pid !== null && { Memory: `${used} ${limit}` }),
    Restarts: String(state.restarts),
    "At boot": state.enabled === "enabled" ? "starts" : "does not start",
    ...(unit !== null && { Config: unit.config }),
    Unit: [place.unitFile, ...state.dropIns].join(", "),
  };
  return [
    `${head}\n`,
    formatFields(LABEL_COLUMN, fields),
    ...log.map((line) => `  ${line}\n`),
    ...notes.map((note) => `note: ${note}\n`),
    ...whatNext(report),
  ].join("");
}

function wordFor({ active, sub }: UnitState): string {
  if (active === "active") return "running";
  if (active === "reloading") return "running, reads its config again";
  if (sub === "auto-restart") return "waits for its restart";
  if (active === "activating") return "starting";
  return active === "failed" || active === "inactive" ? "stopped" : active;
}

function whatNext({ place, state, unit, health, url }: Report): string[] {
  const control = place.isUser ? "systemctl --user" : "sudo systemctl";
  if (state.active === "active") {
    return health === null && url !== null ? [`note: ${url}/health did not answer.\n`] : [];
  }
  const config = unit === null ? "" : ` --config ${shellWord(unit.config)}`;
  if (staysStopped(state)) {
    return [`do: nanoagent check${config} says what to correct. Then: ${control} start ${place.name}\n`];
  }
  return state.active === "inactive" || state.active === "failed" ? [`do: ${control} start ${place.name}\n`] : [];
}

/** Finds what no longer fits: the program, the config, the memory. */
async function findNotes(place: ServicePlace, unit: ReadUnit): Promise<string[]> {
  const notes: string[] = [];
  const again = `${place.isUser ? "nanoagent" : sudoProgram()} service install${nameOptions(place)} --config ${shellWord(unit.config)}`;
  for (const file of [unit.node, unit.program]) {
    if (await isGone(file))
      notes.push(`${file} does not exist any more, so the service cannot start again. Run: ${again}`);
  }
  const environment = {
    ...process.env,
    STATE_DIRECTORY: place.stateFolder,
    ...(await readVariables(place.environmentFile)),
  };
  const config = await readConfig(unit.config, { environment, profile: async () => unknownDevice }).catch(() => null);
  if (config !== null && config.spec.max_memory_mb !== unit.memoryMb) {
    notes.push(
      `The unit allows ${unit.memoryMb} MB of memory, the config ${config.spec.max_memory_mb}. To update the unit: ${again}`,
    );
  }
  return notes;
}

/** Whether a file does not exist. A file that this user cannot see may exist. */
function isGone(file: string): Promise<boolean> {
  return access(file).then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === "ENOENT",
  );
}

/** Asks a service of this machine how it does. Its certificate is for its clients, so it is not checked here. */
function askHealth(url: string): Promise<Report["health"]> {
  return new Promise((resolve) => {
    const ask = url.startsWith("https:") ? getSecurely : get;
    const request = ask(`${url}/health`, { timeout: HEALTH_MILLISECONDS, rejectUnauthorized: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (piece: string) => {
        text += piece;
        if (text.length > MAX_HEALTH_BYTES) request.destroy();
      });
      response.once("error", () => resolve(null)).once("end", () => resolve(readHealth(text)));
    });
    request.once("timeout", () => request.destroy()).once("error", () => resolve(null));
  });
}

function readHealth(text: string): Report["health"] {
  try {
    const { status, reasons } = JSON.parse(text) as { status: string; reasons: { message: string }[] };
    return { status: String(status), reasons: reasons.map(({ message }) => String(message)) };
  } catch {
    return null;
  }
}
