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
/** In the error of `systemd-notify` when it has sent its message, and systemd does not confirm that it has read it. */
const UNCONFIRMED = "Failed to invoke barrier";
const NOT_FOUND = "The program systemd-notify was not found.";
const LOSS = "systemd does not learn how the service does, and may restart it.";

export interface NotifierParts {
  environment: NodeJS.ProcessEnv;
  log: Log;
  /** Whether a restart by the watchdog would help: the service has no agent. */
  isLost: () => Promise<boolean>;
}

/**
 * Tells systemd how the service does: ready, reloading, stopping, and alive. Node has no datagram sockets for files, so the
 * program `systemd-notify` sends each message. Failures of a kind are in the log once, and never end the service.
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
  /** Advice that is in the log already. */
  readonly #told = new Set<string>();

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

  /** The service listens, or a reload has ended. Begins to beat. `note`: what people should know, for the status. */
  ready(url: string, note: string | null = null): Promise<void> {
    if (this.#beatMilliseconds !== null) {
      this.#timer ??= setInterval(() => void this.#beat(), this.#beatMilliseconds).unref();
    }
    return this.#send("READY=1", `STATUS=Listening on ${url}${note === null ? "" : `; ${note}`}`);
  }

  reloading(): Promise<void> {
    const microseconds = process.hrtime.bigint() / 1000n;
    return this.#send("RELOADING=1", `MONOTONIC_USEC=${microseconds}`, "STATUS=Reads its config again");
  }

  /** An update replaces the agent, which may take minutes. The service goes on to beat meanwhile. */
  updating(): Promise<void> {
    return this.#send("STATUS=Replaces its agent by that of a bundle");
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
    if (program === null) throw new Error(NOT_FOUND);
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
    const text = error instanceof Error ? error.message : String(error);
    const message = adviceFor(text);
    if (this.#told.has(message)) return;
    this.#told.add(message);
    this.#parts.log({ level: "warn", event: "systemd-not-notified", message, error: text });
  }
}

function adviceFor(error: string): string {
  if (error === NOT_FOUND) return `${LOSS} Install the package of systemd-notify.`;
  return error.includes(UNCONFIRMED)
    ? "systemd did not confirm a message in time, as on a busy machine. The message was sent, so there is nothing to do."
    : `${LOSS} Correct the cause that systemd-notify gives, then restart the service.`;
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
