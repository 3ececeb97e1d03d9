import { StoredText } from "./browser-storage.js";
import { find, onClick, setText } from "./find-element.js";

/** Most lines that the field shows at once. */
const MOST_ROWS = 8;

export interface ComposerActions {
  /** Resolves when the service has the message. */
  send(message: string): Promise<void>;
  stop(): Promise<void>;
}

/** The field for a message, with its buttons. A draft outlives a reload. */
export class Composer {
  readonly #field = find<HTMLTextAreaElement>("message");
  readonly #stopButton = find<HTMLButtonElement>("stop");
  readonly #note = find("note");
  readonly #draft = new StoredText("draft", () => sessionStorage);
  readonly #actions: ComposerActions;
  #isSending = false;

  constructor(actions: ComposerActions) {
    this.#actions = actions;
    this.#field.value = this.#draft.value ?? "";
    this.#fit();
    this.#field.addEventListener("input", () => this.#changed());
    this.#field.addEventListener("keydown", (event) => {
      // 229: the key belongs to an input method, in browsers that end the composition before this event.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      void this.#send();
    });
    find("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#send();
    });
    onClick("stop", () => void this.stop());
  }

  set isBusy(isBusy: boolean) {
    if (!isBusy && document.activeElement === this.#stopButton) this.#field.focus();
    this.#stopButton.hidden = !isBusy;
  }

  focus(): void {
    this.#field.focus();
  }

  /** Shows a sentence below the field. */
  note(text: string): void {
    setText(this.#note, text);
  }

  /** Stops the reply. Does nothing while there is none. */
  async stop(): Promise<void> {
    if (this.#stopButton.hidden) return;
    try {
      await this.#actions.stop();
    } catch (error) {
      this.note(`The reply was not stopped. ${(error as Error).message}`);
    }
  }

  async #send(): Promise<void> {
    const text = this.#field.value;
    if (text.trim() === "" || this.#isSending) return;
    this.#isSending = true;
    this.note("");
    try {
      await this.#actions.send(text);
      // Text that was typed meanwhile stays.
      const { value } = this.#field;
      this.#field.value = value.startsWith(text) ? value.slice(text.length) : value;
      this.#changed();
    } catch (error) {
      this.note(`The message was not sent. ${(error as Error).message}`);
    } finally {
      this.#isSending = false;
    }
  }

  #changed(): void {
    this.#draft.value = this.#field.value === "" ? null : this.#field.value;
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
