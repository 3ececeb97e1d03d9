import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyText } from "../../../../scripts/any-text.js";
import type { EngineMessage } from "../../src/engines/engine.js";
import { type Conversation, legalConversation } from "../../src/engines/legal-conversation.js";
import { renderChat } from "../../src/engines/llama/chat-template.js";

let words = 0;
/** Text with a unique word among anything else that a person, a model or a tool may say. */
const said = fc.oneof(
  {
    arbitrary: fc.tuple(anyText({ maxLength: 8 }), anyText({ maxLength: 8 })).map(([a, b]) => `${a} w${++words}w ${b}`),
    weight: 4,
  },
  fc.constantFrom("", " ", "\n\t", "\u00a0\u2003", "\u200b\0", "half \ud83c of one"),
);
const call = fc.record({
  id: fc.oneof(fc.constantFrom("", "1", "call_1", "abcDEF123", "functions.water:0"), anyText({ maxLength: 5 })),
  name: fc.oneof(fc.constantFrom("water", "", "a b.c"), anyText({ maxLength: 70 })),
  arguments: fc.oneof(fc.jsonValue(), fc.constantFrom('{"bed":3}', '{"bed":', undefined, null, { "\ud83c": 1 })),
});
const message: fc.Arbitrary<EngineMessage> = fc.oneof(
  fc.record({ role: fc.constantFrom("user" as const, "assistant" as const, "system" as const), content: said }),
  fc.record({
    role: fc.constant("assistant" as const),
    content: said,
    tool_calls: fc.array(call, { maxLength: 3 }),
  }),
  fc.record({
    role: fc.constant("tool" as const),
    content: said,
    tool_call_id: fc.constantFrom("1", "call_1", "none"),
  }),
  fc.record({ role: fc.constant("tool" as const), content: said }),
);
const conversation: fc.Arbitrary<Conversation> = fc.record({
  instructions: fc.option(said),
  messages: fc.array(message, { maxLength: 12 }),
});

const isSeen = (text: string) => /[^\s\p{Cc}\p{Cf}]/u.test(text);

/** Finds violations of what the strictest servers require. */
function faultsOf({ instructions, messages }: Conversation, callsAsText: boolean): string[] {
  const faults: string[] = [];
  const ids = new Set<string>();
  const waiting: string[] = [];
  if (instructions?.trim() === "") faults.push("empty instructions");
  for (const [at, { role, content, tool_calls, tool_call_id }] of messages.entries()) {
    const before = messages[at - 1];
    if (/\p{Surrogate}/u.test(JSON.stringify(content + JSON.stringify(tool_calls ?? []))))
      faults.push("half a character");
    if (at === 0 && role !== "user") faults.push(`begins with ${role}`);
    if (role === "system") faults.push("system in the middle");
    if (role !== "tool" && role === before?.role) faults.push(`${role} twice`);
    if (role === "user" && before !== undefined && before.role !== "assistant")
      faults.push(`user after ${before.role}`);
    if (role === "user" && !isSeen(content)) faults.push("empty user");
    if (role === "assistant" && !isSeen(content) && tool_calls === undefined) faults.push("empty assistant");
    if (role !== "tool" && waiting.length > 0) faults.push("a call without a result");
    if (role === "tool" && (content.trim() === "" || waiting.shift() !== tool_call_id)) faults.push("a wrong result");
    if (tool_calls?.length === 0) faults.push("no calls");
    if (callsAsText && (role === "tool" || tool_calls !== undefined)) faults.push("a call that is not text");
    for (const { id, name, arguments: input } of tool_calls ?? []) {
      if (!/^(?:[a-zA-Z0-9]{9}|functions\.[\w-]+:\d+)$/.test(id) || ids.has(id)) faults.push(`id ${id}`);
      if (!/^[a-zA-Z0-9_-]{1,64}$/.test(name)) faults.push(`name ${name}`);
      if (typeof input !== "object" || input === null || Array.isArray(input)) faults.push("arguments");
      ids.add(id);
      waiting.push(id);
    }
  }
  if (waiting.length > 0) faults.push("a call without a result");
  return faults;
}

describe.each([{ callsAsText: false }, { callsAsText: true }])("any conversation, with %j,", (options) => {
  test("becomes legal in one pass without losing content", () => {
    fc.assert(
      fc.property(conversation, (given) => {
        const before = JSON.stringify(given);
        const legal = legalConversation(given, options);
        expect(JSON.stringify(given)).toBe(before);
        expect(faultsOf(legal, options.callsAsText)).toEqual([]);
        expect(legalConversation(legal, options)).toEqual(legal);
        const all = JSON.stringify(legal);
        for (const [word] of before.matchAll(/w\d+w/g)) expect(all).toContain(word);
      }),
    );
  });

  test("starts the same as without its last messages", () => {
    fc.assert(
      fc.property(conversation, fc.nat(), ({ instructions, messages }, cut) => {
        // An engine never sees a turn that is cut between results.
        const ends = messages.flatMap(({ role }, at) =>
          role === "user" && messages[at - 1]?.role !== "tool" ? [at + 1] : [],
        );
        const shown = messages.slice(0, ends[cut % Math.max(1, ends.length)] ?? 0);
        const before = legalConversation({ instructions, messages: shown }, options).messages;
        const after = legalConversation({ instructions, messages }, options).messages;
        expect(after.slice(0, Math.max(0, before.length - 1))).toEqual(before.slice(0, -1));
      }),
    );
  });
});

test("a conversation from the agent loop stays unchanged", () => {
  const messages: EngineMessage[] = [
    { role: "user", content: "how dry is bed 3" },
    {
      role: "assistant",
      content: "I measure.",
      tool_calls: [{ id: "abcDEF123", name: "moisture", arguments: { bed: 3 } }],
    },
    { role: "tool", content: "12 %", tool_call_id: "abcDEF123" },
    { role: "assistant", content: "12 %" },
    { role: "user", content: "thanks" },
  ];
  expect(legalConversation({ instructions: "Be kind.", messages })).toEqual({ instructions: "Be kind.", messages });
});

test("thousands of messages of one kind are processed quickly", () => {
  const calls = [{ id: "", name: "water", arguments: {} }];
  const kinds: EngineMessage[] = [
    { role: "user", content: "a".repeat(100) },
    { role: "assistant", content: "a", tool_calls: calls },
    { role: "tool", content: "a" },
  ];
  for (const message of kinds) {
    const since = performance.now();
    legalConversation({ instructions: null, messages: Array<EngineMessage>(20_000).fill(message) });
    expect(performance.now() - since).toBeLessThan(3000);
  }
});

test("a template that requires alternating roles accepts any conversation", () => {
  // Has the same checks as Gemma's template.
  const chatTemplate =
    "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles') }}{% endif %}[{{ m.role }}] {{ m.content }}\n{% endfor %}";
  const model = { chatTemplate, bosToken: "", eosToken: "", isControlToken: () => false };
  fc.assert(
    fc.property(fc.array(message, { maxLength: 8 }), (messages) => {
      const asked: EngineMessage[] = [...messages, { role: "user", content: "and now" }];
      expect(renderChat(model, { instructions: "Be kind.", messages: asked }).text).toMatch(/^\[user\] Be kind\./);
    }),
  );
});
