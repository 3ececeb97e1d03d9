import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { program } from "./run-program.js";

export const hasTmux = spawnSync("tmux", ["-V"]).status === 0;

/** The Node that runs the program: that of the tests, or another one that is to be tried. */
const testedNode = process.env.NANOAGENT_TEST_NODE || process.execPath;

/** Longest wait for something to appear; a loaded machine is slow. */
const PATIENCE_MILLISECONDS = 15_000;

export interface TmuxOptions {
  columns: number;
  rows?: number;
  environment?: Readonly<Record<string, string>>;
  /** Words of a command that starts the program. Default: it is started directly. */
  starter?: readonly string[];
}

/** The program in a real terminal emulator: what a person sees, not what was sent. */
export class TmuxTerminal {
  readonly #folder = mkdtempSync(path.join(os.tmpdir(), "nanoagent-tmux-"));

  constructor(args: readonly string[], { columns, rows = 24, environment = {}, starter = [] }: TmuxOptions) {
    const variables = Object.entries(environment).map(([name, value]) => `${name}=${quote(value)}`);
    const words = [...starter, testedNode, program, ...args].map(quote);
    const command = `env ${[...variables, ...words].join(" ")}; echo "exit code $?"; sleep 1000`;
    const size = ["-x", String(columns), "-y", String(rows)];
    this.#tmux("-f", "/dev/null", "new-session", "-d", ...size, command);
    // Time that tmux would wait for the rest of an escape sequence.
    this.#tmux("set-option", "-s", "escape-time", "0");
  }

  /** Text of the terminal, with what has scrolled out at the top. Lines are as they are shown. */
  get screen(): string {
    return this.#tmux("capture-pane", "-p", "-S", "-").replace(/\n+$/, "\n");
  }

  /** Waits until the screen shows this, wherever its lines are broken. */
  async seeWords(text: string): Promise<string> {
    await this.see(new RegExp([...text.replaceAll(" ", "")].join("\\s*")));
    return this.screen.replace(/\s+/g, " ");
  }

  /** Waits until the screen shows this. */
  async see(text: string | RegExp): Promise<string> {
    const end = Date.now() + PATIENCE_MILLISECONDS;
    for (;;) {
      const { screen } = this;
      if (typeof text === "string" ? screen.includes(text) : text.test(screen)) return screen;
      if (Date.now() > end) throw new Error(`The terminal did not show ${text}:\n${screen}`);
      await wait(30);
    }
  }

  /** Waits until the screen no longer shows this. */
  async seeGone(text: string): Promise<void> {
    const end = Date.now() + PATIENCE_MILLISECONDS;
    while (this.screen.includes(text)) {
      if (Date.now() > end) throw new Error(`The terminal still shows ${text}:\n${this.screen}`);
      await wait(30);
    }
  }

  type(text: string): void {
    this.#tmux("send-keys", "-l", text);
  }

  /** Presses keys by tmux's names: `Enter`, `Up`, `C-c`, `M-Enter`. */
  press(...keys: string[]): void {
    this.#tmux("send-keys", ...keys);
  }

  /** Pastes a text as a terminal does: between the marks of a paste, if the program asked for them. */
  paste(text: string): void {
    this.#tmux("set-buffer", text);
    this.#tmux("paste-buffer", "-p");
  }

  resize(columns: number, rows = 24): void {
    this.#tmux("resize-window", "-x", String(columns), "-y", String(rows));
  }

  close(): void {
    spawnSync("tmux", ["-S", this.#socket, "kill-server"]);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #socket(): string {
    return path.join(this.#folder, "socket");
  }

  #tmux(...args: string[]): string {
    return execFileSync("tmux", ["-S", this.#socket, ...args], { encoding: "utf8" });
  }
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
