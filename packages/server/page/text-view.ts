import type { PageText } from "../src/page/page-events.js";
import { make } from "./make-element.js";
import { MarkdownView } from "./markdown/markdown-view.js";

/** Shortest time between two pictures of a text that is written. */
const PICTURE_MILLISECONDS = 40;
/** Showing a long block again takes at most one part of this many of the time. */
const SHARE_OF_TIME = 8;

/** A text of a reply. Text that is written quickly is shown in steps, so that a long one does not occupy the browser. */
export class TextView {
  readonly id = "";
  readonly element = make("div", "text");
  readonly #onChange: () => void;
  readonly #view = new MarkdownView(this.element);
  #shown = "";
  #added: string[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;
  #pause = 0;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** Shows the whole text, which usually begins as before. */
  show({ text }: PageText): void {
    this.flush();
    if (!text.startsWith(this.#shown)) {
      this.#view.clear();
      this.#shown = "";
    }
    this.append(text.slice(this.#shown.length));
    this.flush();
  }

  append(text: string): void {
    if (text === "") return;
    this.#added.push(text);
    this.#timer ??= setTimeout(() => this.flush(), this.#pause);
  }

  /** Shows the text that was added at once. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#added.length === 0) return;
    const text = this.#added.join("");
    this.#added = [];
    this.#shown += text;
    const begun = performance.now();
    this.#view.append(text);
    this.#pause = Math.max(PICTURE_MILLISECONDS, (performance.now() - begun) * SHARE_OF_TIME);
    this.#onChange();
  }
}
