import type { ChildProcess } from "node:child_process";
import { cutText } from "@nanoagent/models";
import type { LaunchedProgram, LaunchTool } from "../../memory/tool-memory.js";
import { explainOutput, tellsOfMemory } from "../../processes/fatal-output.js";
import { LastWords } from "../../processes/last-words.js";
import { findProgram, type ProgramPlace, signalGroup } from "../../processes/launch-program.js";
import { cleanText } from "../tool-result-text.js";
import { restoreNumbers } from "./exact-arguments.js";
import { MAX_MESSAGE_BYTES, MAX_UNREAD_BYTES, TOO_LARGE } from "./message-limits.js";
import { readMessages, type WireMessage } from "./read-messages.js";
import { UnaskedMessages } from "./unasked-messages.js";

/** Time from closing its input to SIGTERM, and from there to SIGKILL. */
const END_MILLISECONDS = 250;
/** Time to wait for output after the process ended. */
const LINGER_MILLISECONDS = 100;
/** Most characters of stderr that are kept. Its end has the error, after up to 4 KB of native stack when V8 failed. */
const MAX_ERROR_CHARACTERS = 8000;
/** Most characters of it in an error message. */
const MAX_SAID_CHARACTERS = 300;
const NEWLINE = 10;

/** Most characters of an unreadable line in an error message. */
const MAX_QUOTED_CHARACTERS = 200;

/**
 * Transport to a server that runs as a process, with one line of JSON per message. Buffers at most one message. Skips
 * lines that are not messages, and stops a server that floods.
 */
export class ProcessTransport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: never) => void;
  readonly #command: readonly string[];
  readonly #place: ProgramPlace;
  readonly #maxMemoryBytes: number | undefined;
  readonly #launch: LaunchTool;
  readonly #unasked = new UnaskedMessages();
  /** Requests without an answer. */
  readonly #asked = new Map<string, WireMessage>();
  /** Beginning of the last unreadable line since a request was sent, or null. */
  #passedOver: string | null = null;
  #decoder: InstanceType<typeof TextDecoder> | null | undefined;
  #child: ChildProcess | null = null;
  #line: Buffer[] = [];
  #lineBytes = 0;
  #isTooLong = false;
  readonly #errorOutput = new LastWords(MAX_ERROR_CHARACTERS);
  #isOver = false;
  #ending: string | null = null;
  #launched: LaunchedProgram | null = null;

  constructor(
    command: readonly string[],
    place: ProgramPlace,
    { launch, maxMemoryBytes }: { launch: LaunchTool; maxMemoryBytes: number | undefined },
  ) {
    this.#launch = launch;
    this.#command = command;
    this.#place = place;
    this.#maxMemoryBytes = maxMemoryBytes;
  }

  /** Why the server ended, with its own error output. Null while it runs and after it was closed. */
  get ending(): string | null {
    if (this.#ending === null) return null;
    const excess = this.#launched?.excess ?? null;
    if (excess !== null) return excess;
    const said = cleanText(
      explainOutput(this.#errorOutput.text, {
        maxCharacters: MAX_SAID_CHARACTERS,
        endedBy: this.#child?.signalCode,
        limit: this.#launched?.limit ?? null,
      }),
    );
    const hint = tellsOfMemory(said) ? `; it may take ${this.#launched?.allowance}` : "";
    return said === "" ? this.#ending : `${this.#ending}: ${said}${hint}`;
  }

  /** Sentence about a line that was skipped while an answer is missing, or an empty string. */
  get missedLine(): string {
    return this.#passedOver === null
      ? ""
      : ` It wrote a line that is not a message: ${JSON.stringify(this.#passedOver)}`;
  }

  async start(): Promise<void> {
    const [program = "", ...rest] = this.#command;
    const file = await findProgram(program, this.#place);
    const maxMemoryBytes = this.#maxMemoryBytes;
    this.#launched = await this.#launch({ file, rest, place: this.#place, stdin: "pipe", maxMemoryBytes });
    const { child } = this.#launched;
    this.#child = child;
    child.stdout?.on("data", (bytes: Buffer) => this.#read(this.#inUtf8(bytes)));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#errorOutput.add(text);
    });
    // A broken pipe means that the server ended, which its exit reports.
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.on("error", () => {});
    const finish = (code: number | null, signal: NodeJS.Signals | null) =>
      this.#finish(signal === null ? `it ended with code ${code}` : `it ended by ${signal}`);
    // Its last output may still arrive. Other processes that keep the output open are not waited for.
    child.once("exit", (code, signal) => setTimeout(finish, LINGER_MILLISECONDS, code, signal));
    child.once("close", finish);
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", (error) => {
        this.#finish(error.message);
        reject(error);
      });
    });
  }

  async send(message: WireMessage): Promise<void> {
    const stdin = this.#child?.stdin;
    if (!stdin || this.#isOver) throw new Error(this.ending ?? "it was not started");
    if (stdin.writableLength > MAX_UNREAD_BYTES) {
      this.#fail("it reads nothing of what it is told");
      throw new Error("it reads nothing of what it is told");
    }
    if (message.method !== undefined && message.id !== undefined) {
      if (this.#asked.size === 0) this.#passedOver = null;
      this.#asked.set(String(message.id), message);
    }
    this.#launched?.expectWork();
    // The answer to a canceled request is not needed.
    const { method, params } = message as { method?: string; params?: { requestId?: unknown } };
    if (method === "notifications/cancelled") this.#asked.delete(String(params?.requestId));
    stdin.write(`${restoreNumbers(JSON.stringify(message))}\n`);
  }

  /** Closes its input, which asks it to end, and then stops the whole process group. */
  async close(): Promise<void> {
    const child = this.#child;
    const wasOver = this.#isOver;
    this.#finish(null);
    if (child === null || wasOver) return;
    const gone = new Promise<void>((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) resolve();
      else child.once("exit", () => resolve());
    });
    child.stdin?.end();
    const timers = [
      setTimeout(() => signalGroup(child, "SIGTERM"), END_MILLISECONDS),
      setTimeout(() => signalGroup(child, "SIGKILL"), 2 * END_MILLISECONDS),
    ];
    await gone;
    timers.forEach(clearTimeout);
  }

  /** Windows programs may write UTF-16, which the first character reveals. */
  #inUtf8(bytes: Buffer): Buffer {
    if (this.#decoder === undefined && bytes.length > 1) {
      const [first, second] = bytes;
      const isLittle = (first === 0xff && second === 0xfe) || (first !== 0 && second === 0);
      const isBig = (first === 0xfe && second === 0xff) || (first === 0 && second !== 0);
      this.#decoder = isLittle || isBig ? new TextDecoder(isLittle ? "utf-16le" : "utf-16be") : null;
    }
    return this.#decoder ? Buffer.from(this.#decoder.decode(bytes, { stream: true })) : bytes;
  }

  #read(bytes: Buffer): void {
    let rest = bytes;
    while (!this.#isOver) {
      const at = rest.indexOf(NEWLINE);
      const piece = at < 0 ? rest : rest.subarray(0, at);
      this.#lineBytes += piece.length;
      if (this.#lineBytes > MAX_MESSAGE_BYTES) {
        this.#isTooLong = true;
        this.#line = [];
      } else this.#line.push(piece);
      if (at < 0) {
        // A line without an end is a flood too.
        if (this.#isTooLong && this.#unasked.add(piece.length)) this.#fail("it floods");
        return;
      }
      this.#endLine();
      rest = rest.subarray(at + 1);
    }
  }

  #endLine(): void {
    const [line, length, isTooLong] = [this.#line, this.#lineBytes, this.#isTooLong];
    this.#line = [];
    this.#lineBytes = 0;
    this.#isTooLong = false;
    if (isTooLong) {
      this.#refuseAll(`its answer has more than ${MAX_MESSAGE_BYTES / 2 ** 20} MB`);
      return;
    }
    const text = Buffer.concat(line).toString("utf8");
    const messages = readMessages(text, this.#asked);
    const isAnswer = messages.some(({ id, method }) => method === undefined && this.#asked.delete(String(id)));
    if (!isAnswer && this.#unasked.add(length)) this.#fail("it floods");
    if (messages.length === 0 && text.trim() !== "")
      this.#passedOver = cleanText(cutText(text, MAX_QUOTED_CHARACTERS)).trim();
    for (const message of messages) {
      if (this.#isOver) return;
      if (message.method === undefined) this.#asked.delete(String(message.id));
      try {
        this.onmessage?.(message as never);
      } catch (error) {
        // The waiting request has a timeout.
        this.onerror?.(error as Error);
      }
    }
  }

  /** Rejects all requests, because it is unknown which one was answered. */
  #refuseAll(message: string): void {
    for (const [key, { id }] of this.#asked) {
      this.#asked.delete(key);
      const answer = { jsonrpc: "2.0", id, error: { code: -32000, message, data: TOO_LARGE } };
      this.onmessage?.(answer as never);
    }
  }

  #fail(reason: string): void {
    const child = this.#child;
    this.#finish(reason);
    if (child !== null) signalGroup(child, "SIGKILL");
  }

  #finish(reason: string | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#ending = reason;
    this.#line = [];
    this.#child?.stdout?.removeAllListeners("data");
    this.#child?.stdout?.resume();
    this.onclose?.();
  }
}
