import { StoredText } from "./browser-storage.js";
import { find, onClick, setText } from "./find-element.js";

/** The key of this browser, and the form that asks for it. */
export class SignIn {
  readonly #key = new StoredText("key", () => localStorage);
  readonly #form = find<HTMLFormElement>("sign-in");
  readonly #field = find<HTMLInputElement>("key");
  readonly #error = find("key-error");
  readonly #onKey: () => void;

  /** `onKey` is called when there is another key. */
  constructor(onKey: () => void) {
    this.#onKey = onKey;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      const key = this.#field.value.trim();
      // A header has no other characters.
      if (/^[!-~]+$/.test(key)) this.#use(key);
      else setText(this.#error, "A key has letters, digits and signs only. Copy it again.");
    });
    onClick("sign-out", () => {
      this.#key.value = null;
      this.#show(false);
      this.#onKey();
    });
    this.#key.onChange(() => this.#onKey());
    this.#show(false);
  }

  get key(): string | null {
    return this.#key.value;
  }

  /** Asks for a key. One that was used is wrong. */
  ask(): void {
    if (!this.#form.hidden) return;
    setText(this.#error, this.#key.value === null ? "" : "The service does not accept this key.");
    this.#key.value = null;
    this.#show(true);
    this.#field.value = "";
    this.#field.focus();
  }

  #use(key: string): void {
    this.#key.value = key;
    setText(this.#error, "");
    this.#field.value = "";
    this.#show(false);
    find("message").focus();
    this.#onKey();
  }

  #show(isAsking: boolean): void {
    this.#form.hidden = !isAsking;
    find("chat").hidden = isAsking;
    find("app").classList.toggle("signed-out", isAsking);
    find("sign-out").hidden = this.#key.value === null;
  }
}
