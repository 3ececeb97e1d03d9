import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { cutText } from "@nanoagent/models";
import { ServiceCommandError } from "./service-command-error.js";

/** Longest run of a program that only asks systemd or changes its settings. */
const USUAL_MILLISECONDS = 60_000;
/** Most bytes of output that are kept. */
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;
/** Longest output of a program in an error, in characters. */
const MAX_SHOWN = 600;

export interface ProgramOutcome {
  /** Null if a signal ended it. */
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  milliseconds?: number;
  /** Default: the user of this process. */
  account?: { uid: number; gid: number } | undefined;
  /** Default: the environment of this process. */
  environment?: Readonly<Record<string, string | undefined>>;
  folder?: string;
  /** Receives the output while the program runs, instead of keeping it. */
  onOutput?: (text: string) => void;
  signal?: AbortSignal;
}

/** Runs a program without a shell. Rejects if it cannot be started. */
export type RunTool = (program: string, args: readonly string[], options?: RunOptions) => Promise<ProgramOutcome>;

export const runTool: RunTool = (program, args, options = {}) => {
  const { milliseconds = USUAL_MILLISECONDS, account, environment = process.env, folder, onOutput, signal } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...environment },
      ...(account !== undefined && { uid: account.uid, gid: account.gid }),
      ...(folder !== undefined && { cwd: folder }),
      ...(signal !== undefined && { signal }),
    });
    const timer = Number.isFinite(milliseconds) ? setTimeout(() => child.kill("SIGKILL"), milliseconds) : undefined;
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (onOutput !== undefined) onOutput(text);
      else if (stdout.length < MAX_OUTPUT_BYTES) stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      if (stderr.length < MAX_OUTPUT_BYTES) stderr += text;
    });
    child.once("error", (error) => {
      clearTimeout(timer);
      if (signal?.aborted) resolve({ exitCode: null, stdout, stderr });
      else reject(error);
    });
    child.once("close", (exitCode) => {
      clearTimeout(timer);
      resolve({ exitCode, stdout, stderr });
    });
  });
};

/** State of a unit. Times are seconds since 1970; null for what systemd does not know. */
export interface UnitState {
  isLoaded: boolean;
  /** `active`, `inactive`, `failed`, `activating`, … */
  active: string;
  sub: string;
  result: string;
  /** `enabled`, `disabled`, … */
  enabled: string;
  /** Exit code of the main process; null if a signal ended it or it still runs. */
  exitCode: number | null;
  /** Text of the service itself, such as `Listening on http://127.0.0.1:7420`. */
  text: string;
  pid: number | null;
  since: number | null;
  startedAt: number | null;
  memoryBytes: number | null;
  memoryMaxBytes: number | null;
  restarts: number;
  fragment: string;
  dropIns: readonly string[];
}

const properties =
  "LoadState,ActiveState,SubState,Result,UnitFileState,ExecMainStatus,ExecMainCode,StatusText,MainPID," +
  "StateChangeTimestamp,ExecMainStartTimestamp,MemoryCurrent,MemoryMax,NRestarts,FragmentPath,DropInPaths";

/** The only door to systemd: its programs, started without a shell. */
export class Systemd {
  readonly #isUser: boolean;
  readonly #run: RunTool;

  constructor(isUser: boolean, run: RunTool = runTool) {
    this.#isUser = isUser;
    this.#run = run;
  }

  get run(): RunTool {
    return this.#run;
  }

  /** Runs `systemctl`. Throws {@link ServiceCommandError} with its words if it fails. */
  async control(args: readonly string[], options?: RunOptions): Promise<ProgramOutcome> {
    const outcome = await this.try(args, options);
    if (outcome.exitCode === 0) return outcome;
    throw failed(`systemctl ${[...this.#flags(), ...args].join(" ")}`, outcome);
  }

  /** Runs `systemctl` where a failure is an answer. */
  try(args: readonly string[], options?: RunOptions): Promise<ProgramOutcome> {
    return this.#run("systemctl", [...this.#flags(), ...args], this.#placed(options)).catch((error) => {
      throw failed("systemctl", { exitCode: null, stdout: "", stderr: String(error.message) });
    });
  }

  async show(unit: string): Promise<UnitState> {
    // Seconds since 1970, where systemd can (248).
    const args = ["show", `--property=${properties}`, unit];
    const exact = await this.try([...args, "--timestamp=unix"]);
    const { stdout } = exact.exitCode === 0 ? exact : await this.control(args);
    return readState(stdout);
  }

  /** Runs `journalctl` for a unit. */
  journal(unit: string, args: readonly string[], options?: RunOptions): Promise<ProgramOutcome> {
    return this.#run(
      "journalctl",
      [...(this.#isUser ? ["--user", "--user-unit"] : ["--unit"]), unit, "--no-pager", "--quiet", ...args],
      this.#placed(options),
    ).catch((error) => {
      throw failed("journalctl", { exitCode: null, stdout: "", stderr: String(error.message) });
    });
  }

  #flags(): string[] {
    return this.#isUser ? ["--user"] : [];
  }

  /** systemctl finds the systemd of a user by its runtime folder, which `su` and cron do not set. */
  #placed(options: RunOptions = {}): RunOptions {
    if (!this.#isUser || process.env.XDG_RUNTIME_DIR) return options;
    return { ...options, environment: { ...process.env, XDG_RUNTIME_DIR: `/run/user/${process.getuid?.()}` } };
  }
}

function failed(command: string, { stdout, stderr }: ProgramOutcome): ServiceCommandError {
  const words = cutText(`${stderr}\n${stdout}`.trim().replaceAll(/\s+/g, " "), MAX_SHOWN);
  return new ServiceCommandError({
    code: "systemd-failed",
    message: `${command} failed${words === "" ? "." : `: ${words}`}`,
    hint: "Correct the reason that systemd gives, then run the same nanoagent command again.",
  });
}

/** Reads the output of `systemctl show`. */
export function readState(text: string): UnitState {
  const values = new Map(
    text.split("\n").flatMap((line) => {
      const at = line.indexOf("=");
      return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)] as const];
    }),
  );
  const get = (name: string) => values.get(name) ?? "";
  const hasExited = get("ExecMainCode") === "1";
  return {
    isLoaded: get("LoadState") === "loaded",
    active: get("ActiveState"),
    sub: get("SubState"),
    result: get("Result"),
    enabled: get("UnitFileState"),
    exitCode: hasExited ? numberOf(get("ExecMainStatus")) : null,
    text: get("StatusText"),
    pid: numberOf(get("MainPID")) || null,
    since: secondsOf(get("StateChangeTimestamp")),
    startedAt: secondsOf(get("ExecMainStartTimestamp")),
    memoryBytes: numberOf(get("MemoryCurrent")),
    memoryMaxBytes: numberOf(get("MemoryMax")),
    restarts: numberOf(get("NRestarts")) ?? 0,
    fragment: get("FragmentPath"),
    dropIns: get("DropInPaths").split(" ").filter(Boolean),
  };
}

/** Numbers that systemd does not know are `[not set]`, `infinity` or 2^64 - 1. */
function numberOf(text: string): number | null {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : null;
}

/** A time as `@1700000000`, or as older versions write it: `Sun 2026-11-29 22:23:05 UTC`. */
function secondsOf(text: string): number | null {
  if (text.startsWith("@")) return numberOf(text.slice(1)) || null;
  const [, date, time] = /(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)/.exec(text) ?? [];
  const milliseconds = Date.parse(`${date}T${time}${text.endsWith("UTC") ? "Z" : ""}`);
  return Number.isFinite(milliseconds) ? milliseconds / 1000 : null;
}

/** Throws {@link ServiceCommandError} unless systemd runs this machine; for a service of a user also that user's. */
export function requireSystemd(isUser: boolean): void {
  if (!existsSync("/run/systemd/system")) throw withoutSystemd();
  const folder = process.env.XDG_RUNTIME_DIR || `/run/user/${process.getuid?.()}`;
  if (!isUser || existsSync(`${folder}/systemd`)) return;
  throw new ServiceCommandError({
    code: "systemd-missing",
    message: "The systemd of this user does not run.",
    reason: `${folder}/systemd does not exist. It starts when the user logs in, not with su or sudo.`,
    hint: "Log in as this user (at the machine or by ssh), or run sudo loginctl enable-linger $(id -un), and repeat the command.",
  });
}

function withoutSystemd(): ServiceCommandError {
  return new ServiceCommandError({
    code: "systemd-missing",
    message: "This machine does not run systemd, so nanoagent cannot install a service here.",
    reason: process.platform === "linux" ? reasonHere() : "systemd is a part of Linux.",
    hint: `${hintHere()} docs/service.md has recipes without systemd: OpenRC, nohup and cron.`,
  });
}

function reasonHere(): string {
  return "The folder /run/systemd/system does not exist, which systemd makes at boot.";
}

function hintHere(): string {
  if (process.platform !== "linux") return "Run nanoagent serve with the service manager of this system.";
  if (isWsl())
    return "In WSL, put [boot] and systemd=true into /etc/wsl.conf, run wsl --shutdown in Windows, and begin again.";
  if (existsSync("/run/.containerenv") || existsSync("/.dockerenv"))
    return "In a container, make nanoagent serve its command, as docs/containers.md shows.";
  return existsSync("/run/openrc") ? "This machine runs OpenRC." : "Run nanoagent serve in another way.";
}

function isWsl(): boolean {
  try {
    return /microsoft/i.test(readFileSync("/proc/sys/kernel/osrelease", "latin1"));
  } catch {
    return false;
  }
}
