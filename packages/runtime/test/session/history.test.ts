import type { AgentMessage } from "@nanoagent/models";
import fc from "fast-check";
import { expect, test } from "vitest";
import { History } from "../../src/session/history.js";

const message = (role: AgentMessage["role"], content: string): AgentMessage => ({
  role,
  content,
  timestamp: "2026-01-31T12:00:00Z",
});

function cost(messages: readonly AgentMessage[]): number {
  return messages.reduce((sum, { content }) => sum + 200 + 2 * content.length, 0);
}

test("keeps the newest complete turns within its limit, and counts the dropped ones", () => {
  const turns = fc.array(
    fc.record({ ask: fc.string({ maxLength: 300 }), answer: fc.string({ maxLength: 300 }), fails: fc.boolean() }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(turns, fc.integer({ min: 0, max: 20_000 }), (said, maxBytes) => {
      const history = new History(maxBytes);
      const all: AgentMessage[] = [];
      for (const { ask, answer, fails } of said) {
        const question = message("user", ask);
        expect(history.begin([question]).at(-1)).toBe(question);
        expect(history.messages).not.toContain(question);
        if (fails) {
          history.rollback();
          continue;
        }
        const reply = message("assistant", answer);
        history.commit(reply);
        all.push(question, reply);
        const kept = history.messages;
        expect(kept).toEqual(all.slice(all.length - kept.length));
        expect(kept.length % 2).toBe(0);
        expect(kept.length + 2 * history.droppedTurns).toBe(all.length);
        expect(cost(kept) <= maxBytes || kept.length === 2).toBe(true);
      }
    }),
  );
});

test("drops nothing below the limit", () => {
  const history = new History(cost([message("user", "a"), message("assistant", "b")]) * 3);
  for (let turn = 0; turn < 3; turn++) {
    history.begin([message("user", "a")]);
    history.commit(message("assistant", "b"));
  }
  expect(history.messages).toHaveLength(6);
  expect(history.droppedTurns).toBe(0);
});
