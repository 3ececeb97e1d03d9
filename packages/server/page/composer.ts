import { Drafts, type SentMessage } from "./drafts.js";
import { find, onClick, setText } from "./find-element.js";
import { newId } from "./new-id.js";
import { RequestError } from "./service-client.js";

/** Most lines that the field shows at once. */
const MOST_ROWS = 8;
const SENDING = "Sending …";
/** A message that takes longer to send says so, in milliseconds. */
const SENDING_MILLISECONDS = 400;
/** A page that is left has ended by then, in milliseconds. */
const LEAVE_MILLISECONDS = 10_000;

export interface ComposerActions {
  /** Returns the conversation that the message is in when the service has it. */
  send(message: SentMessage, conversation: string | null): Promise<string>;
  onSent(from: string | null, conversation: string): void;
  stop(): Promise<void>;
}

/**
 * The field for a message, with its buttons. Each conversation has its draft. A message leaves the field when it is sent, and
 * comes back if the service does not confirm it. It keeps its id, so that the service takes it once however often it is sent.
 */
export class Composer {
  readonly #field = find<HTMLTextAreaElement>("message");
  readonly #stopButton = find<HTMLButtonElement>("stop");
  readonly #note = find("note");
  readonly #drafts = new Drafts();
  readonly #actions: ComposerActions;
  #conversation: string | null = null;
  /** Id of the message that is on its way. */
  #sending: string | null = null;
  /** Time at which the page has ended if it is being left. It may stay, or come back. */
  #endsAt = 0;

  constructor(actions: ComposerActions) {
    this.#actions = actions;
    this.#field.addEventListener("input", () => this.#changed());
    this.#field.addEventListener("keydown", (event) => {
      // 229: the key belongs to an input method, in browsers that end the composition before this event.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      this.#submit();
    });
    find("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    const leave = () => {
      this.#endsAt = performance.now() + LEAVE_MILLISECONDS;
    };
    addEventListener("beforeunload", leave);
    addEventListener("pagehide", leave);
    addEventListener("pageshow", () => {
      this.#endsAt = 0;
    });
    onClick("stop", () => void this.stop());
  }

  set isBusy(isBusy: boolean) {
    if (!isBusy && document.activeElement === this.#stopButton) this.#field.focus();
    this.#stopButton.hidden = !isBusy;
  }

  /** Shows the draft of a conversation. `keepsText`: the text in the field goes with it. */
  open(conversation: string | null, { keepsText = false } = {}): void {
    const text = keepsText ? this.#field.value : "";
    if (keepsText) this.#drafts.change(this.#conversation, { text: "" });
    this.#conversation = conversation;
    const draft = this.#drafts.get(conversation);
    this.#fill(joined(draft.text, text));
    // The page was loaded again before the answer came.
    if (draft.sent?.isWaiting && this.#sending === null) void this.#send(draft.sent);
  }

  /** Forgets all drafts. */
  forget(): void {
    this.#drafts.clear();
  }

  /** Notes that the shown conversation has the message with an id, also if the answer was lost. */
  noteArrival(id: string): void {
    const { sent } = this.#drafts.get(this.#conversation);
    if (sent?.id !== id) return;
    this.#drafts.change(this.#conversation, { sent: null });
    this.#noteEnd(id);
    if (sent.isWaiting || this.#field.value !== sent.text) return;
    this.#fill("");
    this.note("");
  }

  focus(): void {
    this.#field.focus();
  }

  /** Shows a sentence below the field. Screen readers say it at once. */
  note(text: string): void {
    this.#note.className = text === SENDING ? "" : "problem";
    setText(this.#note, text);
  }

  /** Stops the reply that is being written, if any. */
  async stop(): Promise<void> {
    if (this.#stopButton.hidden) return;
    try {
      await this.#actions.stop();
    } catch (error) {
      this.note(`The reply was not stopped. ${(error as Error).message}`);
    }
  }

  #submit(): void {
    const text = this.#field.value;
    if (text.trim() === "") return;
    if (this.#sending !== null) {
      this.note(SENDING);
      return;
    }
    const { sent } = this.#drafts.get(this.#conversation);
    const id = sent?.text === text ? sent.id : newId();
    this.#fill("");
    void this.#send({ id, text });
  }

  async #send({ id, text }: SentMessage): Promise<void> {
    const from = this.#conversation;
    const isOpen = () => this.#drafts.get(from).sent?.id === id;
    this.#sending = id;
    this.note("");
    this.#drafts.change(from, { sent: { id, text, isWaiting: true } });
    const timer = setTimeout(() => this.#sending === id && this.note(SENDING), SENDING_MILLISECONDS);
    try {
      const conversation = await this.#actions.send({ id, text }, from);
      if (isOpen()) this.#drafts.change(from, { sent: null });
      this.#actions.onSent(from, conversation);
    } catch (error) {
      // The page sends it again when it is loaded again.
      const rest = this.#endsAt - performance.now();
      if (rest > 0) await new Promise((resolve) => setTimeout(resolve, rest));
      // Otherwise it has arrived, or was forgotten.
      if (isOpen()) this.#takeBack({ id, text }, from, error as Error);
    } finally {
      clearTimeout(timer);
      this.#noteEnd(id);
    }
  }

  #noteEnd(id: string): void {
    if (this.#sending !== id) return;
    this.#sending = null;
    if (this.#note.textContent === SENDING) this.note("");
  }

  /** Puts a message back in front of everything that was typed since. */
  #takeBack({ id, text }: SentMessage, from: string | null, error: Error): void {
    const status = error instanceof RequestError ? error.status : 0;
    const isRefused = status >= 400 && status < 500;
    this.#drafts.change(from, { sent: null });
    // The conversation may be gone.
    const to = status === 404 ? this.#conversation : from;
    const restored = joined(text, this.#drafts.get(to).text);
    this.#drafts.change(to, { text: restored, sent: isRefused ? null : { id, text, isWaiting: false } });
    if (to === this.#conversation) this.#fill(restored);
    this.note(`The message was not sent. ${error.message}${isRefused ? "" : " Sent again, it arrives once."}`);
  }

  #fill(text: string): void {
    this.#field.value = text;
    this.#changed();
  }

  #changed(): void {
    this.#drafts.change(this.#conversation, { text: this.#field.value });
    this.#fit();
  }

  /** Gives the field as many rows as its text has. */
  #fit(): void {
    const field = this.#field;
    field.rows = 1;
    if (field.value === "") return;
    const { lineHeight, paddingTop, paddingBottom } = getComputedStyle(field);
    const height = field.scrollHeight - Number.parseFloat(paddingTop) - Number.parseFloat(paddingBottom);
    field.rows = Math.min(MOST_ROWS, Math.max(1, Math.round(height / Number.parseFloat(lineHeight))));
  }
}

function joined(text: string, next: string): string {
  return [text, next].filter((part) => part !== "").join("\n");
}
