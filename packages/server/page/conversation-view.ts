import type { PageTurn, ShownConversation } from "../src/page/page-events.js";
import { copyCode } from "./copy-code.js";
import { EndKeeper } from "./end-keeper.js";
import { find, moveFocus, onClick, setText } from "./find-element.js";
import { make } from "./make-element.js";
import { TurnView } from "./turn-view.js";

/** The conversation that is shown. */
export class ConversationView {
  readonly #log = find("log");
  readonly #turns = find("turns");
  readonly #opening = make("p", { class: "greeting", dir: "auto" });
  readonly #end: EndKeeper;
  readonly #onBusyChange: (isBusy: boolean) => void;
  #views = new Map<string, TurnView>();
  #id: string | null = null;
  #agent = "";

  constructor(onBusyChange: (isBusy: boolean) => void) {
    this.#onBusyChange = onBusyChange;
    this.#turns.append(this.#opening);
    this.#end = new EndKeeper(this.#log, this.#turns);
    onClick("turns", ({ target }) => {
      if (target instanceof HTMLElement && target.classList.contains("copy")) void copyCode(target);
    });
  }

  /** Shows that another conversation is loaded. */
  expect(): void {
    this.#log.setAttribute("aria-busy", "true");
  }

  /**
   * Shows a conversation and nothing else, or a greeting for a new one. Turns that are shown already stay as they are, with
   * their open parts.
   */
  show(conversation: ShownConversation | null, agent: string): void {
    const id = conversation?.id ?? null;
    const isContinued = id !== null && id === this.#id && agent === this.#agent;
    this.#id = id;
    this.#agent = agent;
    setText(this.#opening, openingOf(conversation, agent));
    this.#opening.hidden = this.#opening.textContent === "";
    this.#showTurns(conversation?.turns ?? [], isContinued ? this.#views : new Map());
    this.#log.removeAttribute("aria-busy");
    if (!isContinued) this.#end.goToEnd();
    this.#noteBusy();
  }

  /** Shows a turn that is new or changed. */
  update(turn: PageTurn): void {
    const view = this.#views.get(turn.id);
    if (view !== undefined) view.show(turn);
    else this.#turns.append(...this.#add(turn).elements);
    this.#noteBusy();
  }

  append(turn: string, part: number, text: string): void {
    this.#views.get(turn)?.append(part, text);
  }

  goToEnd(): void {
    this.#end.goToEnd();
  }

  /** `reusable`: views of the same conversation. */
  #showTurns(turns: readonly PageTurn[], reusable: ReadonlyMap<string, TurnView>): void {
    const old = new Set(this.#views.values());
    const ids = new Set(turns.map(({ id }) => id));
    // After a restart, a turn may have another id.
    const renamed = [...reusable].filter(([id]) => !ids.has(id)).map(([, view]) => view);
    this.#views = new Map();
    for (const turn of turns) {
      const index = renamed.findIndex(({ message }) => message === turn.message);
      const known = reusable.get(turn.id) ?? (index < 0 ? undefined : renamed.splice(index, 1)[0]);
      if (known === undefined) this.#add(turn);
      else {
        old.delete(known);
        this.#views.set(turn.id, known);
        known.show(turn);
      }
    }
    for (const element of [...old].flatMap(({ elements }) => elements)) {
      moveFocus(element, "log");
      element.remove();
    }
    const elements = [...this.#views.values()].flatMap((view) => view.elements);
    for (const [index, element] of elements.entries()) {
      const place = this.#turns.children[index + 1] ?? null;
      if (place !== element) this.#turns.insertBefore(element, place);
    }
  }

  #add(turn: PageTurn): TurnView {
    const view = new TurnView(turn, this.#agent, () => this.#end.keep());
    this.#views.set(turn.id, view);
    return view;
  }

  #noteBusy(): void {
    this.#onBusyChange([...this.#views.values()].some(({ isBusy }) => isBusy));
  }
}

function openingOf(conversation: ShownConversation | null, agent: string): string {
  if (conversation === null) return `${agent} is ready. Write the first message.`;
  return conversation.has_older ? "Older messages are not shown." : "";
}
