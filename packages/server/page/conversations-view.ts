import type { PageConversation } from "../src/page/page-events.js";
import { find, setText } from "./find-element.js";
import { formatTime } from "./format-figures.js";
import { make, makeButton } from "./make-element.js";
import { removeGone } from "./remove-gone.js";

interface Entry {
  readonly element: HTMLElement;
  show(conversation: PageConversation, isShown: boolean): void;
}

/** The list of conversations. */
export class ConversationsView {
  readonly #list = find("conversation-list");
  readonly #remove: (id: string) => Promise<void>;
  readonly #entries = new Map<string, Entry>();
  #conversations: readonly PageConversation[] = [];

  constructor(remove: (id: string) => Promise<void>) {
    this.#remove = remove;
  }

  show(conversations: readonly PageConversation[], shown: string | null): void {
    this.#conversations = conversations;
    removeGone(this.#entries, conversations, "new-conversation");
    const focused = document.activeElement;
    for (const [index, conversation] of conversations.entries()) {
      const entry = this.#entries.get(conversation.id) ?? this.#add(conversation);
      entry.show(conversation, conversation.id === shown);
      const place = this.#list.children[index] ?? null;
      if (place !== entry.element) this.#list.insertBefore(entry.element, place);
    }
    // A moved element loses the focus.
    if (focused instanceof HTMLElement && focused !== document.activeElement && this.#list.contains(focused)) {
      focused.focus();
    }
  }

  /** Marks another conversation as the one that is shown. */
  select(shown: string | null): void {
    this.show(this.#conversations, shown);
  }

  includes(id: string): boolean {
    return this.#conversations.some((conversation) => conversation.id === id);
  }

  /** Closes a question whether to delete. Returns false if there was none. */
  cancel(): boolean {
    const open = this.#list.querySelector<HTMLElement>("[data-keep]");
    open?.click();
    return open !== null;
  }

  #add({ id }: PageConversation): Entry {
    const title = make("span", { class: "title", dir: "auto" });
    const time = make("time");
    const link = make("a", { href: `#${id}` }, [title, time]);
    const remove = makeButton("×", () => this.#ask(element, id, title.textContent ?? ""), "plain remove");
    const element = make("li", {}, [link, remove]);
    const entry: Entry = {
      element,
      show: (conversation, isShown) => {
        setText(title, conversation.title);
        setText(time, conversation.is_busy ? "writing …" : formatTime(conversation.updated_at));
        remove.setAttribute("aria-label", `Delete ${conversation.title}`);
        if (isShown) link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
      },
    };
    this.#entries.set(id, entry);
    return entry;
  }

  #ask(element: HTMLElement, id: string, title: string): void {
    this.cancel();
    const question = make("p", { "aria-live": "polite" }, "Delete this conversation?");
    const close = () => {
      group.remove();
      element.querySelector<HTMLElement>(".remove")?.focus();
    };
    const remove = () => this.#remove(id).catch(({ message }: Error) => setText(question, message));
    const keep = makeButton("Keep", close, { "data-keep": "" });
    const confirm = makeButton("Delete", () => void remove(), "unavailable");
    const group = make("div", { class: "confirm", role: "group", "aria-label": `Delete ${title}?` }, [
      question,
      make("div", "row", [keep, confirm]),
    ]);
    element.append(group);
    keep.focus();
  }
}
