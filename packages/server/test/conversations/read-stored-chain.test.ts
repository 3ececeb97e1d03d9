import type { ConversationMessage } from "@nanoagent/runtime";
import { expect, test } from "vitest";
import { addStoredTurn } from "../../src/conversations/read-stored-chain.js";
import { VisibleChain } from "../../src/conversations/visible-chain.js";
import { ClientHashes } from "../../src/conversations/visible-message.js";

const timestamp = "2026-01-01T00:00:00.000Z";
const call = (id: string, name = "lookup") => ({ id, name, arguments: { id } });
const user = (content: string): ConversationMessage => ({ role: "user", content, timestamp });
const assistant = (content: string, ...calls: ReturnType<typeof call>[]): ConversationMessage => ({
  role: "assistant",
  content,
  timestamp,
  ...(calls.length > 0 && { tool_calls: calls }),
});
const result = (id: string, content = "found"): ConversationMessage => ({
  role: "tool",
  content,
  timestamp,
  tool_call_id: id,
});

/** Turns as they are stored, and the messages that a client has seen of them. */
const cases: Record<string, { turns: ConversationMessage[][]; visible: ConversationMessage[] }> = {
  "a text": { turns: [[user("1"), assistant("2")]], visible: [user("1"), assistant("2")] },
  "the agent's own calls": {
    turns: [[user("1"), assistant("One moment.", call("a"), call("b")), result("a"), result("b"), assistant("2")]],
    visible: [user("1"), assistant("One moment.\n\n2")],
  },
  "own calls without a text, and with white space around": {
    turns: [
      [user("1"), assistant("", call("a")), result("a"), assistant("so \n", call("a")), result("a"), assistant("2")],
    ],
    visible: [user("1"), assistant("so \n2")],
  },
  "calls of the client": {
    turns: [
      [user("1"), assistant("", call("c"))],
      [result("c"), assistant("2")],
    ],
    visible: [user("1"), assistant("", call("c")), result("c"), assistant("2")],
  },
  "calls of both": {
    turns: [
      [user("1"), assistant("x", call("c"), call("a")), result("a")],
      [result("c"), assistant("2")],
    ],
    visible: [user("1"), assistant("x", call("c")), result("c"), assistant("2")],
  },
  "replies without calls between them": {
    turns: [
      [user("1"), assistant("2"), assistant("3")],
      [user("4"), assistant("5")],
    ],
    visible: [user("1"), assistant("2"), assistant("3"), user("4"), assistant("5")],
  },
  "a result that answers nothing": {
    turns: [[result("q"), user("1"), assistant("2")]],
    visible: [result("q"), user("1"), assistant("2")],
  },
};

test.each(Object.entries(cases))("%s", (_, { turns, visible }) => {
  const chain = new VisibleChain();
  let begun = 0;
  for (const turn of turns) {
    addStoredTurn(chain, turn, begun);
    begun += turn.length;
  }
  const client = new ClientHashes(visible);
  expect(chain.length).toBe(visible.length);
  const shared = chain.sharedWith(client);
  expect(shared).toEqual({ from: 0, common: visible.length });
  const { messages } = chain.continueWith(client, shared, { own: turns.flat(), dropped: 0 });
  expect(messages).toEqual(turns.flat());
});
