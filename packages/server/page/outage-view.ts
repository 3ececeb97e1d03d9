import { find, setText } from "./find-element.js";
import { make, makeButton } from "./make-element.js";

/** The alert while the service cannot be used. Only its first sentence is announced again, not each second. */
export class OutageView {
  readonly #alert = find("outage");
  readonly #message = make("span");
  readonly #time = make("span", { "aria-live": "off" });
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(retry: () => void) {
    const button = makeButton("Try now", retry, { class: "plain" });
    this.#alert.append(make("p", {}, [this.#message, " ", this.#time]), button);
  }

  show(message: string, waitMilliseconds: number): void {
    const nextTry = performance.now() + waitMilliseconds;
    const count = () => {
      const seconds = Math.ceil((nextTry - performance.now()) / 1000);
      setText(this.#time, seconds > 0 ? `Next try in ${seconds} s.` : "Trying …");
    };
    this.#stopTimer();
    this.#timer = setInterval(count, 1000);
    count();
    setText(this.#message, message);
    // The last known state says nothing now.
    setText(find("health"), "Health: unreachable");
    find("health").className = "unavailable";
    this.#alert.hidden = false;
  }

  hide(): void {
    this.#stopTimer();
    this.#alert.hidden = true;
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}
