import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ServiceError } from "../../src/errors/service-error.js";
import { type ClientMessage, splitMessages } from "../../src/turns/split-messages.js";
import { assistant, user } from "./chat-client.js";

const system = (content: string): ClientMessage => ({ role: "system", content });
const call = (id: string) => ({ id, name: "switch_light", arguments: {} });
const deepCall = (levels: number) => ({
  ...call("a"),
  arguments: JSON.parse(`${"[".repeat(levels)}${"]".repeat(levels)}`),
});
const calling = (...ids: string[]): ClientMessage => ({ role: "assistant", content: "", tool_calls: ids.map(call) });
const result = (content: string, tool_call_id?: string): ClientMessage => ({ role: "tool", content, tool_call_id });

test("leading system texts are the instructions, and later ones become user texts", () => {
  const split = splitMessages([
    system("a"),
    system(" "),
    system("b"),
    user("1"),
    system("c"),
    assistant("2"),
    user("3"),
  ]);
  expect(split.instructions).toBe("a\n\nb");
  expect(split.before).toMatchObject([
    { role: "user", content: "1" },
    { role: "user", content: "c" },
    { role: "assistant", content: "2" },
  ]);
  expect(split.message).toBe("3");
  expect(splitMessages([user("1")])).toEqual({ instructions: null, before: [], message: "1" });
});

test("of several user messages at the end, the last is the message", () => {
  const split = splitMessages([user("1"), user("2"), user("3")]);
  expect(split.before.map(({ content }) => content)).toEqual(["1", "2"]);
  expect(split.message).toBe("3");
});

test("a system text at the end is a user text", () => {
  expect(splitMessages([user("1"), system("2")])).toMatchObject({ before: [{ content: "1" }], message: "2" });
});

test("of system texts alone, the last is the message", () => {
  expect(splitMessages([system("a")])).toEqual({ instructions: null, before: [], message: "a" });
  expect(splitMessages([system("a"), system("b")])).toEqual({ instructions: "a", before: [], message: "b" });
});

test("a reply that the client has begun is not continued", () => {
  expect(() => splitMessages([user("1"), assistant("The sum is")])).toThrow(
    expect.objectContaining({ message: expect.stringContaining("does not continue a reply") }),
  );
});

describe("results of tools", () => {
  test("at the end are the message", () => {
    const split = splitMessages([
      user("1"),
      calling("a", "b"),
      { ...result("x", "b"), is_error: true },
      result("y", "a"),
    ]);
    expect(split.before).toMatchObject([{ content: "1" }, { tool_calls: [call("a"), call("b")] }]);
    expect(split.message).toEqual({
      role: "tool",
      results: [
        { tool_call_id: "b", content: "x", is_error: true },
        { tool_call_id: "a", content: "y" },
      ],
    });
  });

  test("without ids belong to the calls in order", () => {
    const split = splitMessages([user("1"), calling("a", "b"), result("x"), result("y")]);
    expect(split.message).toMatchObject({ results: [{ tool_call_id: "a" }, { tool_call_id: "b" }] });
    const earlier = splitMessages([user("1"), calling("a", "b"), result("x"), result("y"), user("2")]);
    expect(earlier.before.slice(2)).toMatchObject([{ tool_call_id: "a" }, { tool_call_id: "b" }]);
    expect(earlier.message).toBe("2");
  });

  test("that are not the last stay in the history, whatever they answer", () => {
    expect(splitMessages([result("x", "q"), user("1")]).before).toMatchObject([{ role: "tool", tool_call_id: "q" }]);
  });
});

test.each<[string, ClientMessage[]]>([
  ["an empty list", []],
  ["a reply at the end", [user("1"), assistant("2")]],
  ["results without calls", [user("1"), result("x")]],
  ["results after a text", [user("1"), assistant("2"), result("x")]],
  ["a result of another call", [user("1"), calling("a"), result("x", "b")]],
  ["more results than calls", [user("1"), calling("a"), result("x"), result("y")]],
  ["too many results", [user("1"), calling("a"), ...Array.from({ length: 65 }, () => result("x", "a"))]],
  [
    "a call whose arguments are nested too deep",
    [user("1"), { role: "assistant", content: "", tool_calls: [deepCall(100_000)] }, user("2")],
  ],
])("%s is refused", (_, messages) => {
  expect(() => splitMessages(messages)).toThrow(
    expect.objectContaining({ code: "request-not-valid", status: 400, param: "messages" }),
  );
});

test("a list is split without losing a message, or refused with a typed error", () => {
  const message = fc.record(
    {
      role: fc.constantFrom("system" as const, "user" as const, "assistant" as const, "tool" as const),
      content: fc.string(),
      tool_calls: fc.array(fc.constantFrom("a", "b", "c").map(call), { maxLength: 3 }),
      tool_call_id: fc.constantFrom("a", "b", "d"),
    },
    { requiredKeys: ["role", "content"] },
  );
  fc.assert(
    fc.property(fc.array(message, { maxLength: 8 }), (messages) => {
      try {
        const split = splitMessages(messages);
        const rest = typeof split.message === "string" ? 1 : split.message.results.length;
        const other = messages.findIndex(({ role }) => role !== "system");
        const leading = other < 0 ? messages.length - 1 : other;
        expect(leading + split.before.length + rest).toBe(messages.length);
      } catch (error) {
        expect(error).toBeInstanceOf(ServiceError);
      }
    }),
  );
});
