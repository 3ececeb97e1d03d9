import { terminalControls } from "../terminal-controls.js";
import { LastWords } from "./last-words.js";
import { findProgram, launchProgram, signalGroup } from "./launch-program.js";
import { programEnvironment } from "./program-environment.js";

export interface StartProgramOptions {
  /** Folder in which the program runs. A path of a program is relative to it. */
  readonly folder: string;
  /** Variables in addition to those of the locale, the user and the network. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** Text for its input, which then ends. Default: no input. */
  readonly input?: string | undefined;
  /** Takes its output as it arrives. Default: the output is discarded. */
  readonly onOutput?: ((bytes: Uint8Array) => void) | undefined;
}

export interface ProgramEnd {
  /** Null where a signal ended it. */
  readonly exitCode: number | null;
  /** Name of the signal that ended it, or null. */
  readonly signal: string | null;
  /** End of its error output, at most 300 characters. */
  readonly said: string;
}

/** A program in its own process group. No process of the group outlives the program, nor this one. */
export interface StartedProgram {
  /** Resolves when the program has ended and its output was taken. Never rejects. */
  readonly ended: Promise<ProgramEnd>;
  /**
   * Leaves its output unread, so that it waits as soon as the pipe is full. When it ends, the rest in the pipe is handed
   * over in any case, at most some 100 KB.
   */
  pause(): void;
  resume(): void;
  /** Ends it: SIGTERM, and SIGKILL after 150 ms. Resolves when it has ended. Safe to call twice. */
  stop(): Promise<void>;
}

/** Time between SIGTERM and SIGKILL. */
const GRACE_MILLISECONDS = 150;
/** Time to wait for output that a process outside of the group keeps open after the program ended. */
const LINGER_MILLISECONDS = 100;
const MAX_SAID_CHARACTERS = 300;

/**
 * Starts a program without a shell. Rejects with an Error when it cannot be started; the message is a clause such as
 * `there is no program x in /usr/bin`.
 */
export async function startProgram(command: readonly string[], options: StartProgramOptions): Promise<StartedProgram> {
  const [program = "", ...rest] = command;
  const place = { folder: options.folder, environment: programEnvironment({ ...options.environment }) };
  const file = await findProgram(program, place);
  const child = launchProgram(file, rest, place, { stdin: options.input === undefined ? "ignore" : "pipe" });
  const { stdin, stdout, stderr } = child;
  const said = new LastWords(MAX_SAID_CHARACTERS);
  // A broken pipe means that the program ended, which its exit reports.
  for (const stream of [stdin, stdout, stderr]) stream?.on("error", () => {});
  stdout?.on("data", (bytes: Uint8Array) => options.onOutput?.(bytes));
  stderr?.setEncoding("utf8").on("data", (text: string) => said.add(text));
  stdin?.end(options.input);
  const ended = new Promise<ProgramEnd>((resolve) => {
    let lingering: ReturnType<typeof setTimeout> | undefined;
    const finish = (exitCode: number | null, signal: string | null) => {
      clearTimeout(lingering);
      stdout?.destroy();
      stderr?.destroy();
      resolve({ exitCode, signal, said: said.text.replace(terminalControls, "").trim() });
    };
    child.once("exit", (exitCode, signal) => {
      lingering = setTimeout(finish, LINGER_MILLISECONDS, exitCode, signal);
    });
    child.once("close", finish);
  });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
  return {
    ended,
    pause: () => stdout?.pause(),
    resume: () => stdout?.resume(),
    async stop() {
      stdout?.resume();
      if (child.exitCode === null && child.signalCode === null) signalGroup(child, "SIGTERM");
      const killing = setTimeout(() => signalGroup(child, "SIGKILL"), GRACE_MILLISECONDS);
      await ended;
      clearTimeout(killing);
    },
  };
}
