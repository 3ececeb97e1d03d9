import type { PageTurn, ShownConversation } from "../src/page/page-events.js";
import { copyCode } from "./copy-code.js";
import { EndKeeper } from "./end-keeper.js";
import { find, onClick } from "./find-element.js";
import { make } from "./make-element.js";
import { TurnView } from "./turn-view.js";

/** The conversation that is shown. */
export class ConversationView {
  readonly #log = find("log");
  readonly #turns = find("turns");
  readonly #views = new Map<string, TurnView>();
  readonly #end: EndKeeper;
  readonly #onBusyChange: (isBusy: boolean) => void;
  #id: string | null = null;
  #agent = "";

  constructor(onBusyChange: (isBusy: boolean) => void) {
    this.#onBusyChange = onBusyChange;
    this.#end = new EndKeeper(this.#log, this.#turns);
    onClick("turns", ({ target }) => {
      if (target instanceof HTMLElement && target.classList.contains("copy")) void copyCode(target);
    });
  }

  /** Shows that another conversation is loaded. */
  expect(): void {
    this.#log.setAttribute("aria-busy", "true");
  }

  /** Shows a conversation, or a greeting for a new one. One that is shown already keeps its place and its open parts. */
  show(conversation: ShownConversation | null, agent: string): void {
    const id = conversation?.id ?? null;
    const turns = conversation?.turns ?? [];
    const isContinued = id === this.#id && agent === this.#agent && turns[0]?.id === this.#firstId && turns.length > 0;
    this.#id = id;
    this.#agent = agent;
    if (!isContinued) {
      this.#views.clear();
      this.#turns.replaceChildren(...this.#opening(conversation));
    }
    for (const turn of turns) this.update(turn);
    this.#log.removeAttribute("aria-busy");
    if (!isContinued) this.#end.goToEnd();
    this.#noteBusy();
  }

  /** Shows a turn that is new or changed. */
  update(turn: PageTurn): void {
    const view = this.#views.get(turn.id);
    if (view !== undefined) view.show(turn);
    else {
      if (this.#views.size === 0) this.#turns.querySelector(".greeting")?.remove();
      const added = new TurnView(turn, this.#agent, () => this.#end.keep());
      this.#views.set(turn.id, added);
      this.#turns.append(...added.elements);
    }
    this.#noteBusy();
  }

  append(turn: string, part: number, text: string): void {
    this.#views.get(turn)?.append(part, text);
  }

  goToEnd(): void {
    this.#end.goToEnd();
  }

  get #firstId(): string | undefined {
    return this.#views.keys().next().value;
  }

  #opening(conversation: ShownConversation | null): HTMLElement[] {
    if (conversation === null) {
      return [make("p", { class: "greeting", dir: "auto" }, `${this.#agent} is ready. Write the first message.`)];
    }
    return conversation.has_older ? [make("p", "greeting", "Older messages are not shown.")] : [];
  }

  #noteBusy(): void {
    this.#onBusyChange([...this.#views.values()].some(({ isBusy }) => isBusy));
  }
}
