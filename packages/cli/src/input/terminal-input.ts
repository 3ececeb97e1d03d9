import { createInterface, type Interface, type ReadLineOptions } from "node:readline";
import { Readable, Writable } from "node:stream";
import { onAbort } from "../on-abort.js";
import type { Streams } from "../streams.js";
import { type InputHistory, MAX_KEPT_MESSAGES } from "./input-history.js";
import { type KeyToken, KeyTokens } from "./key-tokens.js";
import type { MessageInput } from "./message-input.js";
import { isOpenQuote, unquote } from "./multi-line.js";
import { RecalledMessages } from "./recalled-messages.js";

const PROMPT = "You: ";
const CONTINUED = "...  ";
/** Most characters that wait for their prompt while a reply is written. */
const MAX_TYPED_AHEAD = 4 * 1024 * 1024;
/** Most lines of a pasted text that are shown. */
const MAX_SHOWN_LINES = 12;
/** Time after which Escape alone is a key of its own. */
const ESCAPE_MILLISECONDS = 100;

/** Silence after which a paste has ended, although its end did not arrive. */
const PASTE_SILENCE_MILLISECONDS = 3000;
/** Time after which a program that was not stopped by Ctrl-Z uses the terminal again. */
const SUSPEND_MILLISECONDS = 200;

const PASTE_ON = "\u001b[?2004h";
const PASTE_OFF = "\u001b[?2004l";

export interface TerminalInputOptions {
  /** Typed messages of earlier sessions; null keeps none. */
  history?: InputHistory | null;
  /** Returns the words that a line may be completed to. */
  complete?: (line: string) => string[];
}

/** Terminal as `node:tty` gives it, or a test's. */
type KeyStream = Readable & { setRawMode?(isRaw: boolean): unknown };

/**
 * Messages that a person types at a terminal, with Node's line editor.
 *
 * - A pasted text is one message, whatever line breaks it has; Alt-Enter, and `"""` around a message, begin a new line.
 * - The arrow keys bring back earlier messages.
 * - Keys that come while a reply is written wait for the next prompt. They never answer a question.
 * - Ctrl-C calls `onInterrupt`, or drops what was typed; twice in a row it ends the input, as Ctrl-D does.
 */
export class TerminalInput implements MessageInput {
  onInterrupt: (() => void) | null = null;
  readonly #stdin: KeyStream;
  readonly #stdout: Streams["stdout"];
  readonly #history: InputHistory | null;
  readonly #tokens = new KeyTokens();
  readonly #recall: RecalledMessages;
  readonly #editor: Interface & { line: string; cursor: number; prevRows?: number; history: string[] };
  /** Input of the editor: keys reach it while a prompt is open. */
  readonly #keys = new Readable({ read() {} });
  readonly #screen: EditorScreen;
  /** Tokens that came while no prompt was open. */
  #ahead: KeyToken[] = [];
  #aheadCharacters = 0;
  /** Lines of the message that are finished, above the one that is edited. */
  #lines: string[] = [];
  #prompt: { text: string; isQuestion: boolean; resolve: (text: string | null) => void } | null = null;
  #escapeTimer: ReturnType<typeof setTimeout> | undefined;
  #interrupts = 0;
  #closed = false;

  constructor({ stdin, stdout, stop }: Streams, { history = null, complete = () => [] }: TerminalInputOptions = {}) {
    this.#stdin = stdin;
    this.#stdout = stdout;
    this.#history = history;
    this.#screen = new EditorScreen(stdout);
    this.#recall = new RecalledMessages(history?.messages ?? []);
    this.#editor = createEditor({
      input: this.#keys,
      output: this.#screen,
      terminal: true,
      prompt: PROMPT,
      // The newest comes first.
      history: [...this.#recall.lines],
      historySize: MAX_KEPT_MESSAGES,
      removeHistoryDuplicates: true,
      completer: (line: string) => [complete(line), line],
    });
    this.#editor.on("line", (line) => this.#submit(line));
    this.#editor.on("close", () => this.close());
    stdin.setEncoding("utf8");
    stdin.on("data", this.#receive);
    // An earlier input of the same terminal has paused it.
    stdin.resume();
    stdin.on("end", this.#end);
    // The terminal is gone; the signal that says so is on its way.
    stdin.on("error", this.#end);
    stdout.on("resize", this.#resize);
    process.on("SIGCONT", this.#resume);
    this.#useTerminal();
    onAbort(stop, () => this.close());
  }

  get interrupted(): boolean {
    return this.#interrupts > 1;
  }

  async next(): Promise<string | null> {
    const text = await this.#open(PROMPT, false);
    return text === null ? null : unquote(text);
  }

  ask(question: string, before = ""): Promise<string | null> {
    this.tell(before);
    return this.#open(question, true);
  }

  tell(text: string): void {
    this.#stdout.write(text);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#escapeTimer);
    this.#stdin.off("data", this.#receive);
    this.#stdin.off("end", this.#end);
    this.#stdout.off("resize", this.#resize);
    process.off("SIGCONT", this.#resume);
    // Ctrl-D leaves the cursor behind the prompt.
    if (this.#prompt !== null) this.#stdout.write("\n");
    this.#stdout.write(PASTE_OFF);
    this.#editor.close();
    this.#setRawMode(false);
    this.#stdin.pause();
    this.#answer(null);
  }

  /** Opens a prompt. Keys that were typed ahead go to it, unless it is a question. */
  #open(text: string, isQuestion: boolean): Promise<string | null> {
    if (this.#closed) return Promise.resolve(null);
    return new Promise((resolve) => {
      this.#prompt = { text, isQuestion, resolve };
      this.#lines = [];
      this.#showPrompt(text);
      while (!isQuestion && this.#prompt !== null) {
        const token = this.#ahead.shift();
        if (token === undefined) break;
        this.#apply(token);
      }
      if (this.#ahead.length === 0) this.#aheadCharacters = 0;
    });
  }

  #answer(text: string | null): void {
    const prompt = this.#prompt;
    this.#prompt = null;
    prompt?.resolve(text);
  }

  readonly #receive = (chunk: string): void => {
    clearTimeout(this.#escapeTimer);
    this.#take(this.#tokens.push(chunk));
    if (this.#tokens.isPasting) {
      this.#escapeTimer = setTimeout(() => this.#take(this.#tokens.endPaste()), PASTE_SILENCE_MILLISECONDS);
    } else if (this.#tokens.isIncomplete) {
      this.#escapeTimer = setTimeout(() => this.#take(this.#tokens.flush()), ESCAPE_MILLISECONDS);
    }
  };

  readonly #end = (): void => this.close();

  #take(tokens: readonly KeyToken[]): void {
    for (const token of tokens) {
      if (this.#closed) return;
      if (this.#prompt !== null) this.#apply(token);
      else if (token.type === "interrupt") this.#interrupt();
      else if (token.type === "suspend") this.#suspend();
      else this.#keepAhead(token);
    }
  }

  #keepAhead(token: KeyToken): void {
    const characters = "text" in token ? token.text.length : 1;
    if (this.#aheadCharacters + characters > MAX_TYPED_AHEAD) return;
    this.#aheadCharacters += characters;
    this.#ahead.push(token);
  }

  #apply(token: KeyToken): void {
    if (token.type !== "interrupt") this.#interrupts = 0;
    switch (token.type) {
      case "keys":
        this.#keys.push(token.text);
        return;
      case "paste":
        this.#paste(token.text);
        return;
      case "enter":
        if (this.#isQuestion || !isOpenQuote([...this.#lines, this.#editor.line].join("\n"))) this.#keys.push("\r");
        else this.#breakLine();
        return;
      case "line-break":
        if (!this.#isQuestion) this.#breakLine();
        return;
      case "interrupt":
        this.#interrupt();
        return;
      case "suspend":
        this.#suspend();
        return;
      case "end":
        if (this.#editor.line === "" && this.#lines.length === 0) this.close();
        // Within a line, Ctrl-D deletes the next character.
        else this.#keys.push("\u0004");
    }
  }

  get #isQuestion(): boolean {
    return this.#prompt?.isQuestion === true;
  }

  /** Adds a pasted text: its last line can be edited, and Enter sends all of it as one message. */
  #paste(text: string): void {
    const lines = text.replace(/\n$/, "").split("\n");
    if (this.#isQuestion) {
      this.#editor.write(lines.join(" "));
      return;
    }
    const last = lines.pop() ?? "";
    for (const [index, line] of lines.entries()) {
      if (index < MAX_SHOWN_LINES) {
        this.#editor.write(line);
        this.#breakLine();
      } else this.#lines.push(line);
    }
    if (lines.length > MAX_SHOWN_LINES) {
      this.#screen.write(`\r     (and ${lines.length - MAX_SHOWN_LINES} more lines)\n`);
      this.#showPrompt(CONTINUED);
    }
    this.#editor.write(last);
  }

  /** Finishes the line that is edited, and begins another one of the same message. */
  #breakLine(): void {
    const { line } = this.#editor;
    this.#editor.cursor = line.length;
    this.#editor.prompt(true);
    this.#screen.write("\n");
    this.#lines.push(line);
    this.#clearEditor();
    this.#showPrompt(CONTINUED);
  }

  #clearEditor(): void {
    this.#editor.line = "";
    this.#editor.cursor = 0;
    this.#editor.prevRows = 0;
  }

  #showPrompt(text: string): void {
    this.#editor.prevRows = 0;
    this.#editor.setPrompt(text);
    this.#editor.prompt();
  }

  #submit(line: string): void {
    const text = this.#isQuestion ? line : [...this.#lines, this.#recall.messageOf(line)].join("\n");
    this.#lines = [];
    this.#remember(this.#isQuestion ? null : text);
    if (!this.#isQuestion) this.#history?.add(text);
    this.#answer(text);
  }

  /** Makes a message the newest entry of the editor, which has added the last line of it, or an answer. */
  #remember(message: string | null): void {
    if (message !== null && message.trim() !== "" && !message.startsWith(" ")) this.#recall.add(message);
    this.#editor.history.splice(0, this.#editor.history.length, ...this.#recall.lines);
  }

  /** Ctrl-C: ends the reply; at the prompt, drops what was typed; the second time in a row, ends the input. */
  #interrupt(): void {
    const isFirst = this.#interrupts === 0;
    if (this.onInterrupt !== null && isFirst) {
      this.#interrupts = 1;
      this.#ahead = [];
      if (this.#prompt !== null) {
        this.#clearEditor();
        this.#screen.write("\n");
        this.#answer(null);
      }
      this.onInterrupt();
      return;
    }
    if (this.#prompt !== null && (this.#editor.line !== "" || this.#lines.length > 0)) {
      this.#lines = [];
      this.#clearEditor();
      this.#screen.write("^C\n");
      this.#showPrompt(this.#prompt.text);
      return;
    }
    this.#interrupts += 1;
    if (this.interrupted) {
      this.onInterrupt?.();
      this.close();
      return;
    }
    this.#screen.write("\n(Press Ctrl-C again, or Ctrl-D, to end the session.)\n");
    this.#showPrompt(this.#prompt?.text ?? PROMPT);
  }

  #suspend(): void {
    if (process.platform === "win32") return;
    this.#stdout.write(PASTE_OFF);
    this.#setRawMode(false);
    // The whole job stops, as it does when the terminal itself handles Ctrl-Z.
    process.kill(0, "SIGTSTP");
    // Without job control, nothing stops.
    setTimeout(this.#resume, SUSPEND_MILLISECONDS).unref();
  }

  /** The terminal is ours again after Ctrl-Z and fg. */
  readonly #resume = (): void => {
    if (this.#closed) return;
    this.#useTerminal();
    if (this.#prompt === null) return;
    this.#editor.prevRows = 0;
    this.#editor.prompt(true);
  };

  /**
   * Draws the line that is edited anew for a terminal of another width. While a reply is written nothing is drawn. Some
   * terminals break lines anew and some do not, so the drawing begins at the lower of both places: it may leave a piece of
   * the line behind, but never erases what stands above.
   */
  readonly #resize = (): void => {
    const before = this.#editor.getCursorPos().rows;
    this.#screen.columns = this.#stdout.columns;
    if (this.#prompt === null) return;
    this.#editor.prevRows = Math.min(before, this.#editor.getCursorPos().rows);
    this.#screen.emit("resize");
  };

  #useTerminal(): void {
    this.#setRawMode(true);
    this.#stdout.write(PASTE_ON);
  }

  #setRawMode(isRaw: boolean): void {
    this.#stdin.setRawMode?.(isRaw);
  }
}

/** Node's line editor with its public properties that the types leave out. */
function createEditor(options: ReadLineOptions) {
  return createInterface(options) as Interface & { line: string; cursor: number; history: string[] };
}

/** Output of the line editor. It knows the width, and hears of a resize only when something may be drawn. */
class EditorScreen extends Writable {
  readonly isTTY = true;
  columns: number | undefined;
  readonly #stdout: Streams["stdout"];

  constructor(stdout: Streams["stdout"]) {
    super({ decodeStrings: false });
    this.#stdout = stdout;
    this.columns = stdout.columns;
  }

  override _write(text: string, _encoding: BufferEncoding, done: () => void): void {
    this.#stdout.write(text);
    done();
  }
}
