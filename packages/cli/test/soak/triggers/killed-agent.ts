import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { program } from "../../run-program.js";

/** Programs that run the triggers: all of `nanoagent serve`, or the triggers and the broker alone. */
export type ActingProgram = "serve" | "triggers";

const actingProgram = fileURLToPath(new URL("./acting-program.mjs", import.meta.url));

/** One run of the agent, from its start to its kill. */
export class KilledAgent {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly startedAt = performance.now();
  /** Resolves with the time from the start until all is armed, in milliseconds; null when the program ended before. */
  readonly ready: Promise<number | null>;

  /** `folder` gets the log of the program. */
  constructor(kind: ActingProgram, config: string, folder: string) {
    const args =
      kind === "serve"
        ? [program, "serve", "--port", "0", "--config", config, "--json", "--log-level", "warn"]
        : [actingProgram, config];
    // Certificates slow down every start of Node.
    const { NODE_EXTRA_CA_CERTS: _, ...inherited } = process.env;
    const environment = { ...inherited, XDG_STATE_HOME: path.join(folder, "state"), XDG_RUNTIME_DIR: folder };
    const log = openSync(path.join(folder, "agent.log"), "a");
    this.#child = spawn(process.execPath, args, { env: environment, stdio: ["ignore", "pipe", log] });
    this.#ended = once(this.#child, "close");
    this.ready = Promise.race([
      once(this.#child.stdout as NonNullable<ChildProcess["stdout"]>, "data").then(() => this.age),
      this.#ended.then(() => null),
    ]);
    this.#child.stdout?.resume();
  }

  /** Milliseconds since the start. */
  get age(): number {
    return performance.now() - this.startedAt;
  }

  /** Whether the program ended by itself. */
  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async end(signal: "SIGKILL" | "SIGTERM"): Promise<number | null> {
    this.#child.kill(signal);
    await this.#ended;
    return this.#child.exitCode;
  }
}
