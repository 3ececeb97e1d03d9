/** A text that a browser keeps. Where it keeps nothing, in a private window for example, the page does. */
export class StoredText {
  readonly #key: string;
  readonly #storage: () => Storage;
  #value: string | null = null;

  constructor(key: string, storage: () => Storage) {
    this.#key = `nanoagent-${key}`;
    this.#storage = storage;
    try {
      this.#value = storage().getItem(this.#key);
    } catch {
      // The browser forbids it.
    }
  }

  get value(): string | null {
    return this.#value;
  }

  set value(value: string | null) {
    this.#value = value;
    try {
      if (value === null) this.#storage().removeItem(this.#key);
      else this.#storage().setItem(this.#key, value);
    } catch {
      // The browser forbids it, or has no room.
    }
  }

  /** Calls a function when another page of this service changes the text. */
  onChange(changed: () => void): void {
    addEventListener("storage", ({ key, newValue }) => {
      // Null: everything was removed.
      if (key !== null && key !== this.#key) return;
      this.#value = newValue;
      changed();
    });
  }
}
