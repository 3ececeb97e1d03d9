import type { PageEvent, PageQuestion } from "../src/page/page-events.js";
import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { ConversationView } from "./conversation-view.js";
import { ConversationsView } from "./conversations-view.js";
import { find, onClick, setText } from "./find-element.js";
import { OutageView } from "./outage-view.js";
import { Panels } from "./panels.js";
import { QuestionsView } from "./questions-view.js";
import { ServiceClient } from "./service-client.js";
import { SignIn } from "./sign-in.js";
import { StatusView } from "./status-view.js";

/** Name of the agent. Empty until it is known. */
let agent = "";
/** The conversation that is shown. Null: a new one. */
let shown = idOfAddress();

const signIn = new SignIn({
  onKey: () => connection.open(shown),
  onSignOut() {
    composer.forget();
    history.replaceState(null, "", location.pathname);
    location.reload();
  },
});
const client = new ServiceClient(
  () => signIn.key,
  () => {
    connection.close();
    outage.hide();
    // Nobody without a key may read what is shown. A page that is loaded again shows nothing.
    if (agent === "") signIn.ask();
    else location.reload();
  },
);
const panels = new Panels();
const status = new StatusView();
const questions = new QuestionsView(
  (id, allow) => client.send("POST", `/permissions/${encodeURIComponent(id)}`, { allow }),
  (message) => composer.note(message),
);
const composer = new Composer({
  async send({ id, text }, conversation) {
    const answer = await client.send("POST", "/page/messages", { conversation, id, message: text });
    return (answer as { conversation: string }).conversation;
  },
  onSent(from, id) {
    // Another conversation may be shown by now.
    if (from !== shown) return;
    conversation.goToEnd();
    if (from === null) open(id, { isNew: true });
  },
  stop: async () => void (await client.send("POST", "/page/stop", { conversation: shown })),
});
const conversation = new ConversationView((isBusy) => {
  composer.isBusy = isBusy;
});
const conversations = new ConversationsView(async (id) => {
  await client.send("DELETE", `/page/conversations/${encodeURIComponent(id)}`);
  if (id === shown) open(null);
});
const connection = new Connection(client, {
  onEvent: handle,
  onAttempt: () => outage.showAttempt(),
  onReached: () => outage.hide(),
  onOutage: ({ message, waitMilliseconds }) => outage.show(message, waitMilliseconds),
});
const outage = new OutageView(() => connection.retry());

onClick("new-conversation", () => {
  open(null);
  panels.close();
  composer.focus();
});
onClick("conversation-list", ({ target }) => {
  if (target instanceof Element && target.closest("a") !== null) panels.close();
});
addEventListener("hashchange", () => {
  if (idOfAddress() !== shown) open(idOfAddress());
});
addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.isComposing) return;
  if (conversations.cancel() || panels.close()) return;
  void composer.stop();
});
connection.open(shown);
composer.open(shown);
find("not-started").remove();
if (matchMedia("(hover: hover)").matches) composer.focus();

/**
 * Shows another conversation. One that has just begun (`isNew`) takes the place of the empty one, also in the browser's
 * history. `keepsText`: the text in the field stays.
 */
function open(id: string | null, { isNew = false, keepsText = false } = {}): void {
  if (id === shown && !isNew) return;
  shown = id;
  const address = id === null ? location.pathname : `#${id}`;
  if (isNew) history.replaceState(null, "", address);
  else if (idOfAddress() !== id) history.pushState(null, "", address);
  conversation.expect();
  if (!isNew) composer.isBusy = false;
  composer.open(id, { keepsText: isNew || keepsText });
  conversations.select(id);
  connection.open(id);
}

function handle(event: PageEvent): void {
  switch (event.type) {
    case "hello":
      agent = event.agent;
      setText(find("agent"), agent);
      status.show(event.status);
      if (shown !== null && event.conversation === null) forgetShown();
      conversation.show(event.conversation, agent);
      for (const { id } of event.conversation?.turns ?? []) composer.noteArrival(id);
      conversations.show(event.conversations, shown);
      showQuestions(event.questions);
      return;
    case "status":
      status.show(event.status);
      return;
    case "conversations": {
      const wasListed = shown !== null && conversations.includes(shown);
      conversations.show(event.conversations, shown);
      if (shown !== null && wasListed && !conversations.includes(shown)) {
        open(null, { keepsText: true });
        composer.note("The conversation was deleted.");
      }
      return;
    }
    case "questions":
      showQuestions(event.questions);
      return;
    case "turn":
      conversation.update(event.turn);
      composer.noteArrival(event.turn.id);
      return;
    case "text":
      conversation.append(event.turn, event.part, event.text);
  }
}

/** The conversation of the address is unknown: the page shows a new one. */
function forgetShown(): void {
  shown = null;
  history.replaceState(null, "", location.pathname);
  composer.open(null, { keepsText: true });
  composer.note("The conversation no longer exists.");
}

function showQuestions(waiting: readonly PageQuestion[]): void {
  questions.show(waiting);
  document.title = waiting.length === 0 ? agent : `(${waiting.length}) Permission – ${agent}`;
}

/** The conversation that the address names, such as `#page-…`. */
function idOfAddress(): string | null {
  const id = location.hash.slice(1);
  return /^[\w-]{1,100}$/.test(id) ? id : null;
}
