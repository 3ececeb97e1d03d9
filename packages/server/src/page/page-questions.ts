import type { PermissionDesk, Question } from "../permissions/permission-desk.js";
import { describeRun, shownJson, visibleText } from "./display-text.js";
import type { PageQuestion } from "./page-events.js";

/** How long questions wait for a page that was closed. A reload must not answer no. */
const ABSENCE_MILLISECONDS = 60_000;

/** The questions for permission that wait, for pages. While a page is open, and for a minute after, it may answer. */
export class PageQuestions {
  readonly #desk: PermissionDesk;
  readonly #onChange: () => void;
  #leave: (() => void) | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;

  /** `onChange` is called when a question is new or over. */
  constructor(desk: PermissionDesk, onChange: () => void) {
    this.#desk = desk;
    this.#onChange = onChange;
  }

  list(): PageQuestion[] {
    return this.#desk.waiting.map(pageQuestion);
  }

  /** Notes that a page is open. */
  enter(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#leave ??= this.#desk.attach((_question, { signal }) => {
      signal.addEventListener("abort", this.#onChange, { once: true });
      this.#onChange();
    });
  }

  /** Notes that no page is open any longer. */
  leaveLater(): void {
    if (this.#leave === null || this.#timer !== null) return;
    this.#timer = setTimeout(() => this.close(), ABSENCE_MILLISECONDS);
    this.#timer.unref?.();
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#leave?.();
    this.#leave = null;
  }
}

function pageQuestion({ id, request, seconds }: Question): PageQuestion {
  return {
    id,
    tool: visibleText(request.tool),
    description: visibleText(request.description),
    arguments: shownJson(request.arguments),
    changes_world: request.changes_world,
    will_run: describeRun(request.will_run),
    seconds,
  };
}
