import type { PageQuestion } from "../src/page/page-events.js";
import { detail } from "./detail.js";
import { find, setText } from "./find-element.js";
import { make, makeButton } from "./make-element.js";
import { RequestError } from "./service-client.js";

interface ShownQuestion {
  readonly group: HTMLElement;
  readonly time: HTMLElement;
  readonly endsAt: number;
}

/**
 * Questions for permission, above the message. They never take the focus away, because whoever types would answer with the
 * next key; screen readers announce them.
 */
export class QuestionsView {
  readonly #answer: (id: string, allow: boolean) => Promise<unknown>;
  readonly #shown = new Map<string, ShownQuestion>();
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(answer: (id: string, allow: boolean) => Promise<unknown>) {
    this.#answer = answer;
  }

  show(questions: readonly PageQuestion[]): void {
    const region = find("questions");
    const ids = new Set(questions.map(({ id }) => id));
    for (const [id, { group }] of this.#shown) if (!ids.has(id)) this.#remove(id, group);
    for (const question of questions) if (!this.#shown.has(question.id)) this.#add(question);
    region.hidden = questions.length === 0;
    if (questions.length === 0 && this.#timer !== null) {
      clearInterval(this.#timer);
      this.#timer = null;
    } else if (questions.length > 0) {
      this.#timer ??= setInterval(() => this.#showTimes(), 1000);
    }
  }

  #add(question: PageQuestion): void {
    const { id, tool, description, changes_world, will_run, seconds } = question;
    const time = make("span", { class: "time-left" });
    const problem = make("p", { class: "problem", "aria-live": "assertive" });
    const answer = async (event: MouseEvent, allow: boolean) => {
      // The second click of a double click may hit the next question.
      if (event.detail > 1) return;
      // Before the buttons lose the focus.
      if (group.contains(document.activeElement)) find("message").focus();
      for (const button of [approve, deny]) button.disabled = true;
      setText(problem, "");
      try {
        await this.#answer(id, allow);
      } catch (error) {
        // Somebody else has answered.
        if (error instanceof RequestError && error.status === 404) return;
        setText(problem, `The answer was not sent. ${error instanceof Error ? error.message : ""}`);
        for (const button of [approve, deny]) button.disabled = false;
      }
    };
    const approve = makeButton("Approve", (event) => void answer(event, true), { class: "main" });
    const deny = makeButton("Deny", (event) => void answer(event, false));
    const group = make("div", { class: "question", role: "group", "aria-label": `Permission: ${tool}` }, [
      make("div", { class: "question-head" }, [make("strong", {}, `Permission: ${tool}`), time]),
      make("div", { class: "question-body", tabindex: "0" }, [
        make("p", { dir: "auto" }, description),
        ...(changes_world
          ? [make("p", { class: "degraded" }, "It changes something outside of this conversation.")]
          : []),
        ...detail("Runs", will_run),
        ...detail("Arguments", question.arguments),
      ]),
      problem,
      make("div", { class: "row" }, [deny, approve]),
    ]);
    this.#shown.set(id, { group, time, endsAt: performance.now() + seconds * 1000 });
    this.#showTimes();
    find("questions").append(group);
    setText(find("announcement"), `Permission: ${tool}. Approve and Deny are before the message field.`);
  }

  #remove(id: string, group: HTMLElement): void {
    this.#shown.delete(id);
    if (group.contains(document.activeElement)) find("message").focus();
    group.remove();
    setText(find("announcement"), "");
  }

  #showTimes(): void {
    for (const { time, endsAt } of this.#shown.values()) {
      const seconds = Math.max(0, Math.ceil((endsAt - performance.now()) / 1000));
      const text = seconds >= 120 ? `${Math.ceil(seconds / 60)} min left` : `${seconds} s left`;
      setText(time, text);
    }
  }
}
