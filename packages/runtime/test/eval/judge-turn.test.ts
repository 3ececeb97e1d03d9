import type { ExpectedCall, ScenarioTool } from "@nanoagent/models";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { judgeTurn, type ObservedCall, type ObservedTurn } from "../../src/eval/judge-turn.js";
import { houseFile, kitchenOn } from "./house-file.js";

const { tools } = houseFile();
const names = tools.map(({ name }) => name);

/** Pairs of an expected argument and a matching value. */
const argument = fc.oneof(
  fc.jsonValue({ maxDepth: 1 }).map((value) => ({ wanted: { one_of: [value] } as unknown, given: value })),
  fc.string().map((value) => ({ wanted: value as unknown, given: value as unknown })),
  fc.integer().map((value) => ({ wanted: { from: value - 1, to: value + 1 } as unknown, given: value as unknown })),
  fc.string({ minLength: 1 }).map((value) => ({ wanted: { any: true } as unknown, given: value as unknown })),
  fc
    .constantFrom("Milk", "MILK", "two milk")
    .map((value) => ({ wanted: { pattern: "milk$" } as unknown, given: value })),
);
const pair = fc
  .record({ tool: fc.constantFrom(...names), arguments: fc.dictionary(fc.constantFrom("a", "b", "c"), argument) })
  .map(({ tool, arguments: all }) => {
    const part = (side: "wanted" | "given") =>
      Object.fromEntries(Object.entries(all).map(([key, value]) => [key, value[side]]));
    const call: ObservedCall = { name: tool, arguments: part("given"), issue: null };
    return { expected: { tool, arguments: part("wanted") } as ExpectedCall, call };
  });
const pairs = fc.array(pair, { minLength: 1, maxLength: 4 });

function verdictOf(expect: ExpectedCall[] | "none" | undefined, calls: readonly ObservedCall[], rest = {}): string {
  const observed: ObservedTurn = { calls, reply: "Done.", error: null, ...rest };
  return judgeTurn({ say: "x", expect }, observed, tools).verdict;
}

describe("the verdict of a turn", () => {
  test("is right only for the expected calls, in any order", () => {
    fc.assert(
      fc.property(
        pairs.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        fc.constantFrom(...names),
        ([all, shuffled], extra) => {
          const expected = all.map((one) => one.expected);
          const calls = shuffled.map(({ call }) => call);
          expect(verdictOf(expected, calls)).toBe("right");
          expect(verdictOf(expected, calls.slice(1))).toBe("missed");
          expect(verdictOf(expected, [...calls, { name: extra, arguments: {}, issue: null }])).toBe("wrong");
          expect(verdictOf("none", calls)).toBe("needless");
          expect(verdictOf(undefined, calls)).toBe("needless");
          const broken = calls.map((call, index) => (index === 0 ? { ...call, issue: "/a must be a string" } : call));
          expect(verdictOf(expected, broken)).toBe("invalid");
          expect(verdictOf("none", broken)).toBe("invalid");
          expect(verdictOf(expected, calls, { error: "The engine failed." })).toBe("wrong");
        },
      ),
    );
  });

  test("is wrong for an extra argument and for another value", () => {
    fc.assert(
      fc.property(pairs, fc.nat(), fc.jsonValue(), (all, at, value) => {
        const expected = all.map((one) => one.expected);
        const calls = all.map(({ call }) => call);
        const index = at % calls.length;
        const changed = calls.map((call, place) =>
          place === index ? { ...call, arguments: { ...(call.arguments as object), unheard_of: value } } : call,
        );
        expect(verdictOf(expected, changed)).toBe("wrong");
      }),
    );
    const expected = [{ tool: "switch_lamp", arguments: kitchenOn }];
    const lamp = (given: object) => [{ name: "switch_lamp", arguments: given, issue: null }];
    expect(verdictOf(expected, lamp({ ...kitchenOn, state: "off" }))).toBe("wrong");
    expect(verdictOf(expected, lamp({ room: "kitchen" }))).toBe("wrong");
  });

  test("pairs calls with overlapping expectations", () => {
    const expected: ExpectedCall[] = [
      { tool: "write_note", arguments: { text: { any: true } } },
      { tool: "write_note", arguments: { text: { pattern: "^a" } } },
      { tool: "write_note", arguments: { text: "ab" } },
    ];
    const call = (text: string) => ({ name: "write_note", arguments: { text }, issue: null });
    fc.assert(
      fc.property(
        fc.shuffledSubarray(expected, { minLength: 3 }),
        fc.shuffledSubarray(["ab", "ac", "z"], { minLength: 3 }),
        (wanted, texts) => {
          expect(verdictOf(wanted, texts.map(call))).toBe("right");
          expect(
            verdictOf(
              wanted,
              texts.map((text) => call(text === "ab" ? "ad" : text)),
            ),
          ).toBe("wrong");
        },
      ),
    );
  });

  test("treats an explicit default value of an optional key like an absent key", () => {
    const lamp = (given: object) => [{ name: "switch_lamp", arguments: { ...kitchenOn, ...given }, issue: null }];
    const expected = (wanted: object) => [{ tool: "switch_lamp", arguments: { ...kitchenOn, ...wanted } }];
    expect(verdictOf(expected({}), lamp({ percent: 100 }))).toBe("right");
    expect(verdictOf(expected({ percent: 100 }), lamp({}))).toBe("right");
    expect(verdictOf(expected({ percent: { any: true } }), lamp({}))).toBe("right");
    expect(verdictOf(expected({}), lamp({ percent: 99 }))).toBe("wrong");
    expect(verdictOf(expected({ percent: 99 }), lamp({}))).toBe("wrong");
    const [tool] = tools as [ScenarioTool];
    const required = { ...tool, parameters: { ...tool.parameters, required: ["percent"] } };
    const observed = { calls: lamp({ percent: 100 }), reply: "", error: null };
    expect(judgeTurn({ say: "x", expect: expected({}) }, observed, [required]).verdict).toBe("wrong");
  });
});

describe("the reply", () => {
  const judge = (turn: object, reply: string) =>
    judgeTurn({ say: "x", ...turn }, { calls: [], reply, error: null }, tools);

  test.each([
    ["Which room?", true],
    ["どの部屋ですか？", true],
    ["أي غرفة؟", true],
    ["Ποιο δωμάτιο;", true],
    ["Which room? Kitchen or bedroom.", true],
    ["I have switched it on.", false],
    ["", false],
  ])("%j is a question: %s", (reply, asks) => {
    expect(judge({ asks: true }, reply).verdict).toBe(asks ? "right" : "wrong");
  });

  test("is checked for texts in any letter case, and for a pattern", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-zA-ZäöüÄÖÜ]{1,8}$/), (word) => {
        const reply = `It is ${word.toUpperCase()}, then.`;
        expect(judge({ reply: { contains: [word] } }, reply).verdict).toBe("right");
        expect(judge({ reply: { forbids: [word] } }, reply).verdict).toBe("wrong");
        expect(judge({ reply: { pattern: `is ${word}` } }, reply).verdict).toBe("right");
        expect(judge({ reply: { pattern: `^${word}$` } }, reply).verdict).toBe("wrong");
      }),
    );
  });

  test("does not matter where the calls are wrong", () => {
    const observed = { calls: [], reply: "Lamp?", error: null };
    const turn = { say: "x", expect: [{ tool: "read_thermometer" }], reply: { contains: ["lamp"] } };
    expect(judgeTurn(turn, observed, tools)).toEqual({
      verdict: "missed",
      why: "Expected read_thermometer({}); nothing was called.",
    });
  });
});
