import type { PagePart, PageText, PageTool, PageTurn } from "../src/page/page-events.js";
import { formatTime } from "./format-figures.js";
import { make } from "./make-element.js";
import { TextView } from "./text-view.js";
import { ToolView } from "./tool-view.js";

type PartView = TextView | ToolView;

/** A message and its reply. */
export class TurnView {
  readonly elements: readonly HTMLElement[];
  readonly message: string;
  isBusy = true;
  readonly #onChange: () => void;
  readonly #reply: HTMLElement;
  readonly #body = make("div");
  readonly #state = make("div", "turn-state");
  #parts: PartView[] = [];

  constructor(turn: PageTurn, agent: string, onChange: () => void) {
    this.#onChange = onChange;
    this.message = turn.message;
    const message = make("article", { class: "message", "aria-label": "You" }, [
      make("div", "author", [make("h2", {}, "You"), timeOf(turn.at)]),
      make("p", { dir: "auto" }, turn.message),
    ]);
    this.#reply = make("article", { class: "reply", "aria-label": agent }, [
      make("div", "author", make("h2", { dir: "auto" }, agent)),
      this.#body,
      this.#state,
    ]);
    this.elements = [message, this.#reply];
    this.show(turn);
  }

  show(turn: PageTurn): void {
    this.isBusy = turn.state === "waiting" || turn.state === "running";
    for (const [index, part] of turn.parts.entries()) this.#showPart(index, part);
    for (const { element } of this.#parts.splice(turn.parts.length)) element.remove();
    this.#reply.setAttribute("aria-busy", String(this.isBusy));
    this.#state.replaceChildren(...stateOf(turn));
    this.#onChange();
  }

  /** Adds text at the end of a part, which may be a new one. */
  append(index: number, text: string): void {
    let part = this.#parts[index];
    if (part === undefined && index === this.#parts.length) part = this.#showPart(index, { type: "text", text: "" });
    if (part instanceof TextView) part.append(text);
  }

  #showPart(index: number, part: PagePart): PartView {
    const before = this.#parts[index];
    const id = part.type === "tool" ? part.id : "";
    const view = before?.id === id ? before : part.type === "tool" ? new ToolView(part) : new TextView(this.#onChange);
    view.show(part as PageTool & PageText);
    if (view === before) return view;
    if (before === undefined) this.#body.append(view.element);
    else before.element.replaceWith(view.element);
    this.#parts[index] = view;
    return view;
  }
}

function timeOf(at: string): HTMLElement {
  return make("time", { datetime: at }, formatTime(at));
}

/** The lines below a reply. */
function stateOf({ state, error, note }: PageTurn): HTMLElement[] {
  const notes = note ? [make("p", { dir: "auto" }, note)] : [];
  if (state === "waiting") return [make("p", {}, "waiting for other messages …")];
  if (state === "stopped") return [make("p", {}, "stopped"), ...notes];
  if (state !== "failed") return notes;
  return [make("p", { class: "unavailable", dir: "auto" }, error?.message ?? ""), ...notes];
}
