import type { ConversationMessage } from "@nanoagent/runtime";
import fc from "fast-check";
import { expect, test } from "vitest";
import { VisibleChain } from "../../src/conversations/visible-chain.js";
import { ClientHashes } from "../../src/conversations/visible-message.js";

function messagesOf(texts: readonly string[]): ConversationMessage[] {
  return texts.map((content) => ({ role: "user", content, timestamp: "2026-01-01T00:00:00.000Z" }));
}

function chainOf(texts: readonly string[]): VisibleChain {
  return VisibleChain.historyOf(new ClientHashes(messagesOf(texts))).chain;
}

/** Counts how often a message of the client is looked at. */
class CountedHashes extends ClientHashes {
  count = 0;

  override at(index: number): string {
    this.count += 1;
    return super.at(index);
  }
}

function commonFrom(own: readonly string[], from: number, client: readonly string[]): number {
  let common = 0;
  while (from + common < own.length && common < client.length && own[from + common] === client[common]) common += 1;
  return common;
}

test("a client's history begins where most of its messages agree, and at the beginning if that agrees at all", () => {
  const texts = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 14 });
  fc.assert(
    fc.property(texts, texts, (own, client) => {
      const starts = own.map((_, from) => ({ from, common: commonFrom(own, from, client) }));
      const most = Math.max(0, ...starts.map(({ common }) => common));
      const [first] = starts;
      const expected =
        first === undefined || first.common > 0 || most === 0
          ? { from: 0, common: first?.common ?? 0 }
          : starts.find(({ common }) => common === most);
      expect(chainOf(own).sharedWith(new ClientHashes(messagesOf(client)))).toEqual(expected);
    }),
    { numRuns: 2000 },
  );
});

test("a text that was retracted in part is found in both forms", () => {
  const chain = new VisibleChain();
  chain.add({ role: "user", content: "before" }, 1);
  chain.add({ role: "assistant", content: "kept" }, 2, "kept, retracted");
  chain.add({ role: "user", content: "next" }, 3);
  for (const content of ["kept", "kept, retracted"]) {
    const client = new ClientHashes([{ role: "assistant", content, timestamp: "" }, ...messagesOf(["next", "new"])]);
    expect(chain.sharedWith(client)).toMatchObject({ from: 1, common: 2 });
  }
});

test("equal messages are searched in proportion to their number, and once for a request", () => {
  const length = 2000;
  const chain = chainOf(["first", ...Array<string>(length).fill("a"), "last"]);
  const client = new CountedHashes(messagesOf([...Array<string>(length - 1).fill("a"), "other"]));
  expect(chain.sharedWith(client)).toMatchObject({ from: 1, common: length - 1 });
  expect(client.count).toBeLessThan(10 * length);
  const { count } = client;
  chain.sharedWith(client);
  expect(client.count).toBe(count);
  chain.add({ role: "user", content: "new" }, length + 3);
  chain.sharedWith(client);
  expect(client.count).toBeGreaterThan(count);
});
