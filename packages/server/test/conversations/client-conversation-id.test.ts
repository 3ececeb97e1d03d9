import fc from "fast-check";
import { expect, test } from "vitest";
import { clientConversationId } from "../../src/conversations/client-conversation-id.js";
import { isConversationId, newConversationId } from "../../src/page/index-content.js";

test("a client cannot name a conversation of the page or of a voice assistant", () => {
  for (const name of [newConversationId(), "wyoming-01JKITCHEN"]) {
    const id = clientConversationId(name);
    expect([isConversationId(id), id.startsWith("wyoming-"), clientConversationId(name)]).toEqual([false, false, id]);
  }
  expect(clientConversationId("kitchen")).toBe("kitchen");
});

test("different names stay different", () => {
  const name = fc
    .tuple(fc.constantFrom("", "page-", "wyoming-", "external-", "external-page-"), fc.string())
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(name, name, (one, other) => {
      expect(clientConversationId(one) === clientConversationId(other)).toBe(one === other);
    }),
  );
});
