import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import path from "node:path";
import type { Log } from "@nanoagent/server";

/** Folders in which the program is looked for after those of PATH. */
const FOLDERS = ["/usr/bin", "/bin", "/run/current-system/sw/bin"];
/** Longest run of the program. It waits until systemd has read the message. */
const NOTIFY_MILLISECONDS = 10_000;
/** Share of the watchdog's time between two beats: one may be late. */
const BEATS_PER_TIMEOUT = 2;

export interface NotifierParts {
  environment: NodeJS.ProcessEnv;
  log: Log;
  /** Whether a restart by the watchdog would help: the service has no agent. */
  isLost: () => Promise<boolean>;
}

/**
 * Tells systemd how the service does: ready, reloading, stopping, and alive. Node has no datagram sockets for files, so the
 * program `systemd-notify` sends each message. Failures are in the log once, and never end the service.
 */
export class SystemdNotifier {
  readonly #parts: NotifierParts;
  readonly #variables: NodeJS.ProcessEnv;
  readonly #beatMilliseconds: number | null;
  #program: Promise<string | null> | null = null;
  #timer: NodeJS.Timeout | null = null;
  /** End of the queue of messages: systemd must see them in their order. */
  #last: Promise<void> = Promise.resolve();
  #isBeating = false;
  #hasFailed = false;

  private constructor(parts: NotifierParts, variables: NodeJS.ProcessEnv, beatMilliseconds: number | null) {
    this.#parts = parts;
    this.#variables = variables;
    this.#beatMilliseconds = beatMilliseconds;
  }

  /**
   * Returns null unless systemd waits for messages. Removes the variables for it from the environment: programs that the
   * agent starts must not speak for the service.
   */
  static open(parts: NotifierParts): SystemdNotifier | null {
    const { environment } = parts;
    const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID } = environment;
    if (!NOTIFY_SOCKET) return null;
    delete environment.NOTIFY_SOCKET;
    delete environment.WATCHDOG_USEC;
    delete environment.WATCHDOG_PID;
    const isForUs = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === process.pid;
    const microseconds = isForUs ? Number(WATCHDOG_USEC) : Number.NaN;
    const beat = microseconds > 0 ? microseconds / 1000 / BEATS_PER_TIMEOUT : null;
    return new SystemdNotifier(parts, { ...environment, NOTIFY_SOCKET }, beat);
  }

  /** The service listens, or a reload has ended. Begins to beat. */
  ready(url: string): Promise<void> {
    if (this.#beatMilliseconds !== null) {
      this.#timer ??= setInterval(() => void this.#beat(), this.#beatMilliseconds).unref();
    }
    return this.#send("READY=1", `STATUS=Listening on ${url}`);
  }

  reloading(): Promise<void> {
    const microseconds = process.hrtime.bigint() / 1000n;
    return this.#send("RELOADING=1", `MONOTONIC_USEC=${microseconds}`, "STATUS=Reads its config again");
  }

  stopping(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    return this.#send("STOPPING=1", "STATUS=Lets running replies end");
  }

  /** A service whose event loop hangs does not come here, and systemd restarts it. */
  async #beat(): Promise<void> {
    if (this.#isBeating) return;
    this.#isBeating = true;
    try {
      // A state that cannot be read says nothing about the agent.
      if (!(await this.#parts.isLost().catch(() => false))) await this.#send("WATCHDOG=1");
    } finally {
      this.#isBeating = false;
    }
  }

  #send(...assignments: string[]): Promise<void> {
    this.#last = this.#last.then(() => this.#run(assignments)).catch((error: unknown) => this.#noteFailure(error));
    return this.#last;
  }

  async #run(assignments: readonly string[]): Promise<void> {
    this.#program ??= findProgram(this.#variables.PATH);
    const program = await this.#program;
    if (program === null) throw new Error("The program systemd-notify was not found.");
    await new Promise<void>((resolve, reject) => {
      execFile(
        program,
        assignments,
        { env: this.#variables, timeout: NOTIFY_MILLISECONDS, killSignal: "SIGKILL", windowsHide: true },
        (error, _, stderr) => (error === null ? resolve() : reject(new Error(stderr.trim() || error.message))),
      );
    });
  }

  #noteFailure(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#parts.log({
      level: "warn",
      event: "systemd-not-notified",
      message:
        "systemd does not learn how the service does, and may restart it. Install the package of systemd-notify.",
      error: error instanceof Error ? error.message : String(error),
    });
  }
}

async function findProgram(searchPath = ""): Promise<string | null> {
  const folders = [...searchPath.split(":").filter((folder) => path.isAbsolute(folder)), ...FOLDERS];
  for (const folder of folders) {
    const file = path.join(folder, "systemd-notify");
    const isThere = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return file;
  }
  return null;
}
