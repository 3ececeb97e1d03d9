import { StoredText } from "./browser-storage.js";
import { find, onClick, setText } from "./find-element.js";

/** Stands for the key after "Sign out", which other pages of this browser follow. */
const SIGNED_OUT = "";

/** The key of this browser, and the form that asks for it. */
export class SignIn {
  readonly #key = new StoredText("key", () => localStorage);
  readonly #form = find<HTMLFormElement>("sign-in");
  readonly #field = find<HTMLInputElement>("key");
  readonly #error = find("key-error");
  readonly #onKey: () => void;
  readonly #onSignOut: () => void;
  /** Another page removed the key, because the service does not accept it. */
  #isRemoved = false;

  /** `onKey` is called when there is another key or none, `onSignOut` when somebody has signed out. */
  constructor({ onKey, onSignOut }: { onKey: () => void; onSignOut: () => void }) {
    this.#onKey = onKey;
    this.#onSignOut = onSignOut;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      const key = this.#field.value.trim();
      // A header has no other characters.
      if (/^[!-~]+$/.test(key)) this.#use(key);
      else setText(this.#error, "A key has only letters, digits and signs. Copy it again.");
    });
    onClick("sign-out", () => {
      this.#key.value = SIGNED_OUT;
      this.#changed();
    });
    this.#key.onChange(() => this.#changed());
    this.#show(false);
  }

  get key(): string | null {
    return this.#key.value === SIGNED_OUT ? null : this.#key.value;
  }

  /** Asks for a key. One that was used is wrong. */
  ask(): void {
    if (!this.#form.hidden) return;
    setText(this.#error, this.key !== null || this.#isRemoved ? "The service does not accept this key." : "");
    if (this.key !== null) this.#key.value = null;
    this.#show(true);
    this.#field.value = "";
    this.#field.focus();
  }

  #use(key: string): void {
    this.#key.value = key;
    this.#changed();
    find("message").focus();
  }

  /** Another key, or none, also by another page of this browser. */
  #changed(): void {
    if (this.#key.value === SIGNED_OUT) {
      this.#onSignOut();
      return;
    }
    this.#isRemoved = this.#key.value === null;
    if (!this.#isRemoved) {
      setText(this.#error, "");
      this.#field.value = "";
      this.#show(false);
    }
    if (this.#form.hidden) this.#onKey();
  }

  #show(isAsking: boolean): void {
    this.#form.hidden = !isAsking;
    find("chat").hidden = isAsking;
    find("app").classList.toggle("signed-out", isAsking);
    find("sign-out").hidden = this.key === null;
  }
}
