import { parseBlocks } from "./parse-blocks.js";
import { renderBlock } from "./render-block.js";

interface ShownBlock {
  /** Lines of the block, and the first line of it in the whole text. */
  readonly source: string;
  readonly from: number;
  readonly element: HTMLElement;
}

/**
 * Shows a Markdown text that grows. Text that is added can change the last two blocks only: a list and the line after it,
 * for example, may turn out to be one list. The others stay as they are.
 */
export class MarkdownView {
  readonly #parent: HTMLElement;
  #blocks: ShownBlock[] = [];
  /** Lines of the text, without those of blocks that cannot change any more. */
  #lines: string[] = [""];
  /** Number of lines before those. */
  #passed = 0;

  constructor(parent: HTMLElement) {
    this.#parent = parent;
  }

  /** Forgets the text. */
  clear(): void {
    for (const { element } of this.#blocks) element.remove();
    this.#blocks = [];
    this.#lines = [""];
    this.#passed = 0;
  }

  append(text: string): void {
    const [first = "", ...rest] = text.split("\n");
    const last = this.#lines.length - 1;
    this.#lines[last] += first;
    for (const line of rest) this.#lines.push(line);
    // The last line may get its end later.
    for (let at = last; at < this.#lines.length - 1; at++) this.#lines[at] = (this.#lines[at] ?? "").replace(/\r$/, "");
    this.#render();
  }

  #render(): void {
    const known = this.#blocks.filter(({ from }) => from >= this.#passed);
    const kept = this.#blocks.length - known.length;
    const blocks = parseBlocks(this.#lines).map(({ block, from, to }, index): ShownBlock => {
      const source = this.#lines.slice(from, to).join("\n");
      const before = known[index];
      if (before?.source === source && before.from === from + this.#passed) return before;
      const element = renderBlock(block);
      if (before === undefined) this.#parent.append(element);
      else before.element.replaceWith(element);
      return { source, from: from + this.#passed, element };
    });
    for (const { element } of known.slice(blocks.length)) element.remove();
    this.#blocks = [...this.#blocks.slice(0, kept), ...blocks];
    this.#forgetLines();
  }

  /** Keeps the lines of the last two blocks. */
  #forgetLines(): void {
    const from = Math.max(this.#blocks[this.#blocks.length - 2]?.from ?? 0, this.#passed);
    this.#lines.splice(0, from - this.#passed);
    this.#passed = from;
  }
}
