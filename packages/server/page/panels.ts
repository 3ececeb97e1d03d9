import { find } from "./find-element.js";

/** Below this width the conversations are a drawer. The same width is in style.css. */
const NARROW = "(max-width: 47.99rem)";

/** The drawer with the conversations of a narrow screen, and the details. */
export class Panels {
  readonly #app = find("app");
  readonly #nav = find("conversations");
  readonly #opener = find("open-conversations");
  /** Everything beside the drawer. */
  readonly #others = [...this.#app.children].filter((child) => child !== this.#nav && child.id !== "shade");

  constructor() {
    this.#opener.addEventListener("click", () => this.#openConversations());
    for (const id of ["close-conversations", "shade"]) find(id).addEventListener("click", () => this.close());
    matchMedia(NARROW).addEventListener("change", () => this.close());
    const details = find("show-details");
    details.addEventListener("click", () => {
      const isOpen = this.#app.classList.toggle("with-details");
      details.setAttribute("aria-expanded", String(isOpen));
    });
  }

  /** Closes the drawer. Returns false if it was closed. */
  close(): boolean {
    if (!this.#app.classList.contains("with-conversations")) return false;
    this.#setOpen(false);
    this.#opener.focus();
    return true;
  }

  #openConversations(): void {
    this.#setOpen(true);
    find("new-conversation").focus();
  }

  #setOpen(isOpen: boolean): void {
    this.#app.classList.toggle("with-conversations", isOpen);
    this.#opener.setAttribute("aria-expanded", String(isOpen));
    for (const element of this.#others) element.toggleAttribute("inert", isOpen);
  }
}
