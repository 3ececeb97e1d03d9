import type { PageQuestion } from "../src/page/page-events.js";
import { detail } from "./detail.js";
import { find, moveFocus, setText } from "./find-element.js";
import { make, makeButton } from "./make-element.js";
import { removeGone } from "./remove-gone.js";
import { RequestError } from "./service-client.js";

interface ShownQuestion {
  readonly element: HTMLElement;
  readonly time: HTMLElement;
  readonly endsAt: number;
}

/**
 * Questions for permission, above the message. They never take the focus away, because whoever types would answer with the
 * next key; screen readers announce them.
 */
export class QuestionsView {
  readonly #answer: (id: string, allow: boolean) => Promise<unknown>;
  readonly #onOver: (message: string) => void;
  readonly #shown = new Map<string, ShownQuestion>();

  /** `onOver` is called with a sentence for people if somebody else has answered a question. */
  constructor(answer: (id: string, allow: boolean) => Promise<unknown>, onOver: (message: string) => void) {
    this.#answer = answer;
    this.#onOver = onOver;
    setInterval(() => this.#showTimes(), 1000);
  }

  show(questions: readonly PageQuestion[]): void {
    removeGone(this.#shown, questions, "message");
    for (const question of questions) if (!this.#shown.has(question.id)) this.#add(question);
    // The number differs whenever a question comes or is over, so that it is said again for the others.
    const [newest] = questions.slice(-1);
    const announcement =
      newest && `Permission: ${newest.tool}. Waiting: ${questions.length}. Approve and Deny are above the message.`;
    setText(find("announcement"), announcement ?? "");
    find("questions").hidden = questions.length === 0;
    find("app").classList.toggle("with-questions", questions.length > 0);
  }

  #add(question: PageQuestion): void {
    const { id, tool, description, changes_world, will_run, seconds } = question;
    const time = make("span", "time-left");
    const problem = make("p", { class: "problem", "aria-live": "assertive" });
    const answer = async (event: MouseEvent, allow: boolean) => {
      // The second click of a double click may hit the next question.
      if (event.detail > 1) return;
      // Before the buttons lose the focus.
      moveFocus(group, "message");
      for (const button of [approve, deny]) button.disabled = true;
      setText(problem, "");
      try {
        await this.#answer(id, allow);
      } catch (error) {
        if (error instanceof RequestError && error.status === 404) {
          this.#onOver("This question has been answered already, or its time is over.");
          return;
        }
        setText(problem, `The answer was not sent. ${(error as Error).message}`);
        for (const button of [approve, deny]) button.disabled = false;
      }
    };
    const approve = makeButton("Approve", (event) => void answer(event, true), "main");
    const deny = makeButton("Deny", (event) => void answer(event, false));
    const group = make("div", { class: "question", role: "group", "aria-label": `Permission: ${tool}` }, [
      make("div", "question-head", [make("strong", {}, `Permission: ${tool}`), time]),
      make("div", { class: "question-body", tabindex: "0" }, [
        // First: on a low screen, only the beginning is in view.
        ...detail("Runs", will_run),
        ...detail("Arguments", question.arguments),
        ...(changes_world ? [make("p", "degraded", "It changes something outside the conversation.")] : []),
        make("p", { dir: "auto" }, description),
      ]),
      problem,
      make("div", "row", [deny, approve]),
    ]);
    this.#shown.set(id, { element: group, time, endsAt: performance.now() + seconds * 1000 });
    this.#showTimes();
    find("questions").append(group);
  }

  #showTimes(): void {
    for (const { time, endsAt } of this.#shown.values()) {
      const seconds = Math.max(0, Math.ceil((endsAt - performance.now()) / 1000));
      const text = seconds >= 120 ? `${Math.ceil(seconds / 60)} min left` : `${seconds} s left`;
      setText(time, text);
    }
  }
}
