import { cutText } from "@nanoagent/models";
import { mayReadWholeJournal } from "./journal-access.js";
import { type ProgramOutcome, type RunOptions, type RunTool, runTool } from "./run-tool.js";
import { ServiceCommandError } from "./service-command-error.js";
import { readState, type UnitState, unitProperties } from "./unit-state.js";

/** Longest output of a program in an error, in characters. */
const MAX_SHOWN = 600;

/** The only door to systemd: its programs, started without a shell. */
export class Systemd {
  readonly #isUser: boolean;
  readonly #run: RunTool;
  /** Tells whether this user may read the lines of other users and of the system. */
  readonly mayReadAllLines: () => Promise<boolean>;

  constructor(isUser: boolean, run: RunTool = runTool, mayReadAllLines = () => mayReadWholeJournal()) {
    this.#isUser = isUser;
    this.#run = run;
    this.mayReadAllLines = mayReadAllLines;
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
    const args = ["show", `--property=${unitProperties}`, unit];
    const exact = await this.try([...args, "--timestamp=unix"]);
    const { stdout } = exact.exitCode === 0 ? exact : await this.control(args);
    return readState(stdout);
  }

  /** Runs `journalctl` for a unit. */
  journal(unit: string, args: readonly string[], options?: RunOptions): Promise<ProgramOutcome> {
    return this.#run(
      "journalctl",
      [...(this.#isUser ? ["--user", "--user-unit"] : ["--unit"]), unit, "--no-pager", ...args],
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
