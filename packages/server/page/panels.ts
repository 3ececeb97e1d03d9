import { find, onClick } from "./find-element.js";

/** Below this width the conversations are a drawer. The same width is in style.css. */
const NARROW = "(max-width: 47.99rem)";

/** The drawer with the conversations of a narrow screen, and the details. */
export class Panels {
  readonly #app = find("app");
  readonly #opener = find("open-conversations");

  constructor() {
    onClick("open-conversations", () => {
      this.#setOpen(true);
      find("new-conversation").focus();
    });
    onClick("close-conversations", () => this.close());
    onClick("shade", () => this.close());
    matchMedia(NARROW).addEventListener("change", () => this.close());
    onClick("show-details", () => {
      const isOpen = this.#app.classList.toggle("with-details");
      find("show-details").setAttribute("aria-expanded", String(isOpen));
    });
  }

  /** Closes the drawer. Returns false if it was closed. */
  close(): boolean {
    if (!this.#app.classList.contains("with-conversations")) return false;
    this.#setOpen(false);
    this.#opener.focus();
    return true;
  }

  #setOpen(isOpen: boolean): void {
    this.#app.classList.toggle("with-conversations", isOpen);
    this.#opener.setAttribute("aria-expanded", String(isOpen));
  }
}
