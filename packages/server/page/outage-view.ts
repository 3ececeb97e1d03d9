import { find, setText } from "./find-element.js";
import { make, makeButton } from "./make-element.js";

/** The alert while the service cannot be used. Only its first sentence is announced again, not each second. */
export class OutageView {
  readonly #alert = find("outage");
  readonly #message = make("span");
  readonly #time = make("span", { "aria-live": "off" });
  /** Null while the service can be reached. */
  #nextTry: number | null = null;

  constructor(retry: () => void) {
    const button = makeButton("Try now", retry, "plain");
    this.#alert.append(make("p", {}, [this.#message, " ", this.#time]), button);
    setInterval(() => this.#count(), 1000);
  }

  show(message: string, waitMilliseconds: number): void {
    this.#nextTry = performance.now() + waitMilliseconds;
    this.#count();
    setText(this.#message, message);
    // The last known state says nothing now.
    setText(find("health"), "Health: unreachable");
    find("health").className = "unavailable";
    this.#alert.hidden = false;
  }

  /** Shows that the service is tried now. */
  showAttempt(): void {
    if (this.#nextTry !== null) this.#nextTry = 0;
    this.#count();
  }

  hide(): void {
    this.#nextTry = null;
    this.#alert.hidden = true;
  }

  #count(): void {
    if (this.#nextTry === null) return;
    const seconds = Math.ceil((this.#nextTry - performance.now()) / 1000);
    setText(this.#time, seconds > 0 ? `Next try in ${seconds} s.` : "Trying …");
  }
}
