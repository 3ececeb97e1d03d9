import fc from "fast-check";
import { expect, test } from "vitest";
import { evaluate } from "../src/commands/eval.js";
import { run } from "../src/commands/run.js";
import { parseOptions } from "../src/parse-options.js";

const dashes = fc.constantFrom("-", "--", "---", "- ", "-- ", "-5 ", "--answer me: ", "-h ");

test("a text that begins with dashes is the value of its option, unless it looks like another option", () => {
  fc.assert(
    fc.property(dashes, fc.stringMatching(/^[a-z ]{0,20}$/), (before, rest) => {
      const text = `${before}${rest}`;
      fc.pre(!/^--[a-z][\w-]*$/.test(text));
      expect(parseOptions(run, ["--once", text])).toEqual({ once: text });
      expect(parseOptions(run, [`--once=${text}`])).toEqual({ once: text });
    }),
  );
});

test("one that looks like an option is refused with advice that works", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^--[a-z][a-z-]{0,12}$/), (text) => {
      expect(() => parseOptions(run, ["--once", text])).toThrow(
        expect.objectContaining({ hint: `If ${text} is the value, write --once=${text}.` }),
      );
      expect(parseOptions(run, [`--once=${text}`])).toEqual({ once: text });
    }),
  );
});

test("options and operands that may be given several times are lists in their order, of one as well", () => {
  const word = fc.stringMatching(/^[a-z]{1,8}$/);
  const repeated = fc.constantFrom("model", "config", "scenarios");
  fc.assert(
    fc.property(fc.array(fc.tuple(repeated, word)), (given) => {
      const args = given.flatMap(([name, value]) => (name === "scenarios" ? [value] : [`--${name}`, value]));
      const expected: Record<string, string[]> = {};
      for (const [name, value] of given) expected[name] = [...(expected[name] ?? []), value];
      expect(parseOptions(evaluate, args)).toEqual(expected);
    }),
  );
  expect(() => parseOptions(evaluate, ["--limit", "1", "--limit", "2"])).toThrow("given twice");
});
