import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";
import { startProgram } from "../run-program.js";

/** Longest wait for something to happen; a loaded machine is slow. */
const PATIENCE_MILLISECONDS = 20_000;

/** A line of the log. */
export interface LogLine {
  time: string;
  level: string;
  event: string;
  [fact: string]: unknown;
}

/** A folder for one test, which is removed at its end. */
export function makeFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "nanoagent-serve-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** Variables that keep the files of a service in this folder. */
export function placesIn(folder: string): Record<string, string> {
  return { XDG_STATE_HOME: path.join(folder, "state-home"), XDG_RUNTIME_DIR: folder };
}

/** A running `nanoagent serve`. */
export class ServedProgram {
  readonly child: ChildProcessWithoutNullStreams;
  stdout = "";
  stderr = "";
  readonly #ended: Promise<unknown[]>;

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.child = child;
    child.stdout.setEncoding("utf8").on("data", (text) => {
      this.stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      this.stderr += text;
    });
    this.#ended = once(child, "close");
    onTestFinished(() => {
      child.kill("SIGKILL");
    });
  }

  /** Starts a service on a free port and waits until it is ready. */
  static async start(
    args: readonly string[],
    environment: Record<string, string>,
    { json = true } = {},
  ): Promise<ServedProgram> {
    const program = new ServedProgram(
      startProgram(["serve", "--port", "0", ...(json ? ["--json"] : []), ...args], environment),
    );
    await program.until(() => program.stdout.includes("\n"), "ready");
    return program;
  }

  /** The line that says that the service is ready. */
  get ready(): { event: string; url: string } {
    return JSON.parse(this.stdout.split("\n")[0] ?? "");
  }

  get url(): string {
    return this.ready.url;
  }

  get log(): LogLine[] {
    return this.stderr
      .split("\n")
      .slice(0, -1)
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line));
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Waits until a condition holds. Fails when the program ends before. */
  async until(holds: () => boolean, what: string): Promise<void> {
    const end = Date.now() + PATIENCE_MILLISECONDS;
    while (!holds()) {
      const isOver = this.child.exitCode !== null || this.child.signalCode !== null;
      if (isOver || Date.now() > end)
        throw new Error(
          `${isOver ? `It ended with ${this.child.exitCode ?? this.child.signalCode}` : "Timeout"}: ${what}\n${this.stdout}\n${this.stderr}`,
        );
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Waits for a number of lines of the log with this event. Returns the newest. */
  async logged(event: string, count = 1): Promise<LogLine> {
    const found = () => this.log.filter((line) => line.event === event);
    await this.until(() => found().length >= count, `${count} × ${event}`);
    return found().at(-1) as LogLine;
  }

  get(where: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${this.url}${where}`, { headers });
  }

  post(where: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${this.url}${where}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
  }

  /** Sends one message and returns the reply's text. */
  async say(content: string, headers: Record<string, string> = {}, model = "shed"): Promise<string> {
    const response = await this.post("/v1/chat/completions", chat(content, model), headers);
    const text = await response.text();
    if (!response.ok) throw new Error(`${response.status}: ${text}`);
    return JSON.parse(text).choices[0].message.content;
  }

  /** Begins a streamed reply. */
  async stream(content: string, headers: Record<string, string> = {}): Promise<StreamedReply> {
    return new StreamedReply(await this.post("/v1/chat/completions", { ...chat(content), stream: true }, headers));
  }

  /** Sends a signal and waits for the end. */
  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<number | NodeJS.Signals | null> {
    this.child.kill(signal);
    return this.ended();
  }

  async ended(): Promise<number | NodeJS.Signals | null> {
    const [code, signal] = (await this.#ended) as [number | null, NodeJS.Signals | null];
    return code ?? signal;
  }
}

/** The body of a request with one message. */
export function chat(content: string, model = "shed") {
  return { model, messages: [{ role: "user", content }] };
}

/** The chunks of a streamed reply. */
export class StreamedReply {
  readonly status: number;
  text = "";
  /** Everything that was received. */
  received = "";
  /** Events of the extension field. */
  readonly extensions: { type: string; [key: string]: unknown }[] = [];
  /** Resolves at the end, also of a broken connection. */
  readonly ended: Promise<void>;
  error: unknown = null;
  isDone = false;
  /** Whether the connection was closed before the end of the stream. */
  isBroken = false;

  constructor(response: Response) {
    this.status = response.status;
    this.ended = this.#read(response).catch(() => {
      this.isBroken = true;
    });
  }

  async #read(response: Response): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const piece of response.body ?? []) {
      const text = decoder.decode(piece, { stream: true });
      this.received += text;
      rest += text;
      const lines = rest.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line.startsWith("data: ")) this.#take(line.slice("data: ".length));
    }
  }

  #take(data: string): void {
    if (data === "[DONE]") {
      this.isDone = true;
      return;
    }
    const chunk = JSON.parse(data);
    if (chunk.error) this.error = chunk.error;
    if (chunk.nanoagent) this.extensions.push(chunk.nanoagent);
    this.text += chunk.choices?.[0]?.delta?.content ?? "";
  }

  /** Waits until a condition holds. */
  async until(holds: () => boolean): Promise<void> {
    const end = Date.now() + PATIENCE_MILLISECONDS;
    while (!holds()) {
      if (Date.now() > end) throw new Error(`The stream did not get there: ${this.received}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
