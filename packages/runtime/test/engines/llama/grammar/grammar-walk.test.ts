import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GrammarWalk } from "../../../../src/engines/llama/grammar/grammar-walk.js";
import { schemaToGrammar } from "../../../../src/engines/llama/grammar/schema-to-grammar.js";
import { argumentsGrammar, choiceGrammar } from "../../../../src/tool-calls/call-grammar.js";
import { GbnfGrammar } from "./gbnf-grammar.js";
import { recursiveCase, schemaCase } from "./schema-case.js";
import { seededRandom } from "./seeded-random.js";

const MANY = 10_000;
const anyCase = fc.oneof({ weight: 3, arbitrary: schemaCase }, { weight: 1, arbitrary: recursiveCase });

function walkBehind(grammar: string, text: string): GrammarWalk {
  const walk = new GrammarWalk(grammar);
  walk.push(text);
  return walk;
}

describe("a walk through a grammar", () => {
  test("forces only text that follows in every text with the same beginning", () => {
    let characters = 0;
    fc.assert(
      fc.property(anyCase, fc.nat(), ({ schema }, seed) => {
        const grammar = schemaToGrammar(schema);
        const sentences = new GbnfGrammar(grammar);
        const random = seededRandom(seed);
        const texts = Array.from({ length: 8 }, () => sentences.sentence(random)).filter(({ length }) => length < 3000);
        for (const text of texts) {
          const walk = new GrammarWalk(grammar);
          let given = 0;
          for (const character of text) {
            const { text: forced, isEnd } = walk.forced(MANY);
            const beginning = text.slice(0, given);
            for (const other of texts.filter((other) => other.startsWith(beginning))) {
              if (!other.startsWith(beginning + forced)) throw new Error(`${other} does not continue with ${forced}`);
              if (isEnd) expect(other).toBe(beginning + forced);
            }
            characters += forced.length > 0 ? 1 : 0;
            expect(walk.isEnded).toBe(false);
            walk.push(character);
            given += character.length;
          }
        }
      }),
      { numRuns: process.env.NANOAGENT_SOAK ? 500 : 20 },
    );
    expect(characters).toBeGreaterThan(0);
  });

  test("forces all text without a choice", () => {
    const inner = {
      type: "object",
      properties: { on: { const: true } },
      required: ["on"],
      additionalProperties: false,
    };
    const grammar = schemaToGrammar({
      type: "object",
      properties: { city: { type: "string" }, unit: { enum: ["celsius"] }, days: { type: "integer" }, inner },
      required: ["city", "unit", "days", "inner"],
      additionalProperties: false,
    });
    const cases: [string, string, boolean][] = [
      ["", '{"city": "', false],
      ['{"city": "Par', "", false],
      ['{"city": "Paris"', ', "unit": "celsius", "days": ', false],
      ['{"city": "Paris", "unit": "celsius", "days": 3,', ' "inner": {"on": true}}', true],
    ];
    for (const [given, forced, isEnd] of cases) {
      expect(walkBehind(grammar, given).forced(MANY)).toEqual({ text: forced, isEnd });
    }
    const whole = walkBehind(grammar, '{"city": "Paris", "unit": "celsius", "days": 3, "inner": {"on": true}}');
    expect(whole.isEnded).toBe(true);
    expect(walkBehind(grammar, "").forced(4).text).toBe('{"ci');
  });

  test("follows a choice of texts, and arguments after a space", () => {
    const names = choiceGrammar(['lamp_on"', 'lamp_off"', 'lamp"']);
    expect(walkBehind(names, "").forced(MANY).text).toBe("lamp");
    expect(walkBehind(names, "lamp_").forced(MANY).text).toBe("o");
    expect(walkBehind(names, "lamp_of").forced(MANY)).toEqual({ text: 'f"', isEnd: true });
    const none = { type: "object", properties: {}, additionalProperties: false };
    expect(walkBehind(argumentsGrammar(none, true), "").forced(MANY)).toEqual({ text: " {}", isEnd: true });
  });

  test("ends at a text that violates the grammar", () => {
    const walk = walkBehind(schemaToGrammar({ enum: ["one"] }), '"two');
    expect(walk.forced(MANY)).toEqual({ text: "", isEnd: false });
    walk.push('"one"');
    expect(walk.isEnded).toBe(false);
  });

  test("gives up on a grammar with too many branches", () => {
    const grammar = `root ::= ${Array.from({ length: 12 }, (_, index) => `rule-${index}`).join(" ")} "x"\n${Array.from(
      { length: 12 },
      (_, index) => `rule-${index} ::= ("a"? "b"? "c"?){0,50}`,
    ).join("\n")}\n`;
    const walk = walkBehind(grammar, "abcabcabc");
    expect(walk.forced(MANY)).toEqual({ text: "", isEnd: false });
    expect(walk.isEnded).toBe(false);
  });
});
