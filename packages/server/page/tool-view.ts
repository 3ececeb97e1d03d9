import type { PageTool } from "../src/page/page-events.js";
import { detail } from "./detail.js";
import { setText } from "./find-element.js";
import { make } from "./make-element.js";

const STATES: Readonly<Record<PageTool["state"], string>> = {
  running: "running …",
  done: "done",
  failed: "failed",
  ended: "ended",
};

/** A long text scrolls, also by keyboard. */
const SCROLLED = { tabindex: "0" };

/** A call of a tool: its name and state, and on demand its arguments and result. */
export class ToolView {
  readonly id: string;
  readonly element: HTMLElement;
  readonly #state = make("span", "tool-state");
  readonly #result = make("div");
  #shownResult: string | null = null;

  constructor(tool: PageTool) {
    this.id = tool.id;
    const summary = make("summary", {}, [make("span", "tool-name", tool.name), " ", this.#state]);
    const details = make("details", {}, [summary, ...detail("Arguments", tool.arguments, SCROLLED), this.#result]);
    this.element = make("div", { class: "tool", role: "group", "aria-label": `Tool: ${tool.name}` }, details);
  }

  show({ state, result }: PageTool): void {
    setText(this.#state, STATES[state]);
    this.element.className = `tool ${state}`;
    if (result === this.#shownResult) return;
    this.#shownResult = result;
    this.#result.replaceChildren(...(result === null ? [] : detail("Result", result, SCROLLED)));
  }
}
