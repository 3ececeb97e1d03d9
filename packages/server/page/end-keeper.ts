/** Distance from the end that still counts as the end, in pixels. */
const NEAR_END = 48;

/** Keeps the end of a text in view while the text grows, unless somebody has scrolled away from it. */
export class EndKeeper {
  readonly #box: HTMLElement;
  #isAtEnd = true;
  #lastTop = 0;

  constructor(box: HTMLElement, content: HTMLElement) {
    this.#box = box;
    box.addEventListener("scroll", () => this.#noteScroll(), { passive: true });
    // A quick text would be longer before the key has scrolled.
    box.addEventListener("keydown", ({ key }) => key === "End" && this.goToEnd());
    const observer = new ResizeObserver(() => this.keep());
    observer.observe(box);
    observer.observe(content);
  }

  /** Goes to the end, and stays there. */
  goToEnd(): void {
    this.#isAtEnd = true;
    this.keep();
  }

  keep(): void {
    if (!this.#isAtEnd) return;
    this.#box.scrollTop = this.#box.scrollHeight;
    this.#lastTop = this.#box.scrollTop;
  }

  #noteScroll(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#box;
    // Only a person scrolls up: the text may have grown before this event.
    if (scrollHeight - scrollTop - clientHeight <= NEAR_END) this.#isAtEnd = true;
    else if (scrollTop < this.#lastTop) this.#isAtEnd = false;
    this.#lastTop = scrollTop;
  }
}
