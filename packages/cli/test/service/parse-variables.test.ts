import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseVariables } from "../../src/service/parse-variables.js";

/** Files, and the values that systemd 252 reads from them. */
const cases: readonly [string, Record<string, string>][] = [
  ["A = no \n", { A: "no" }],
  ["A=a b   c\t\r\n", { A: "a b   c" }],
  ["A=a#b\n#A=1\n;A=2\n", { A: "a#b" }],
  ["A=1\nA=2", { A: "2" }],
  ["A\nexport B=1\n=C=1\n2D=1\nE=5", { E: "5" }],
  // Continuation lines.
  ["A=a\\\nb", { A: "ab" }],
  ["A=\\\n  x", { A: "  x" }],
  ['A="a\\\nb"', { A: "ab" }],
  ["A='a\nB=1'", { A: "a\nB=1" }],
  // Backslashes.
  ["A=a\\ \\  ", { A: "a  " }],
  ["A=a\\", { A: "a" }],
  ["A='a\\b'", { A: "a\\b" }],
  ['A="a\\"b\\$c\\d"', { A: 'a"b$c\\d' }],
  // Several quotes, quotes within a text, and quotes that stay open.
  ['A="x"\'y\' "z"', { A: "xyz" }],
  ['A="x" y', { A: "xy" }],
  ['A=x"y" z  ', { A: 'x"y" z' }],
  ['A="open', { A: "open" }],
  ["A='open\\", { A: "open\\" }],
];

describe("a file of variables", () => {
  test.each(cases)("%j", (text, variables) => {
    expect(parseVariables(text)).toEqual(variables);
  });

  test("can be any text", () => {
    const text = fc.string({ unit: fc.constantFrom(..."AB= \\\"'\n\r\t#;$`é") });
    fc.assert(
      fc.property(text, (content) => {
        for (const [name, value] of Object.entries(parseVariables(content))) {
          expect(name).toMatch(/^[AB]+$/);
          expect(value.length).toBeLessThan(content.length);
        }
      }),
    );
  });

  test.each([
    `A=${" ".repeat(200_000)}b`,
    `A="${"\\".repeat(200_000)}`,
    `A='${"x".repeat(200_000)}`,
    " =".repeat(100_000),
  ])("is read in time that grows with its length (%#)", (text) => {
    expect(Object.keys(parseVariables(text)).length).toBeLessThan(2);
  });
});
