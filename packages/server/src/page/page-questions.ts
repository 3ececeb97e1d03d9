import type { PermissionDesk, Question } from "../permissions/permission-desk.js";
import { describeRun, shownJson, visibleText } from "./display-text.js";
import type { PageQuestion } from "./page-events.js";

/** How long questions wait for a page that was closed. A reload must not answer no. */
const ABSENCE_MILLISECONDS = 60_000;

export interface PageQuestionsOptions {
  /** Called when a question is new or over. */
  readonly onChange: () => void;
  /** Default: a minute. */
  readonly absenceMilliseconds?: number | undefined;
}

/** The questions for permission that wait, for pages. While a page is open, and for a minute after, it may answer. */
export class PageQuestions {
  readonly #desk: PermissionDesk;
  readonly #onChange: () => void;
  readonly #absenceMilliseconds: number;
  #leave: (() => void) | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(desk: PermissionDesk, { onChange, absenceMilliseconds = ABSENCE_MILLISECONDS }: PageQuestionsOptions) {
    this.#desk = desk;
    this.#onChange = onChange;
    this.#absenceMilliseconds = absenceMilliseconds;
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
    this.#timer = setTimeout(() => this.close(), this.#absenceMilliseconds);
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
