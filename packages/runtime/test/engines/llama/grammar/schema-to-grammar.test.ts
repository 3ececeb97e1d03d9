import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { schemaToGrammar } from "../../../../src/engines/llama/grammar/schema-to-grammar.js";
import { validateJson } from "../../../../src/json-schema/validate-json.js";
import { compileByAjv } from "./compile-by-ajv.js";
import { GbnfGrammar } from "./gbnf-grammar.js";
import { recursiveCase, schemaCase } from "./schema-case.js";
import { seededRandom } from "./seeded-random.js";
import { spacedJson } from "./spaced-json.js";

/** Sentences per generated schema. */
const SENTENCES = 50;
/** Each run has another seed, so that repeated runs cover many schemas. */
const PROPERTY_RUNS = { numRuns: process.env.NANOAGENT_SOAK ? 1000 : 25 };

const anyCase = fc.oneof({ weight: 3, arbitrary: schemaCase }, { weight: 1, arbitrary: recursiveCase });

describe("schemaToGrammar", () => {
  it("accepts only texts that satisfy the schema", () => {
    fc.assert(
      fc.property(anyCase, fc.nat(), ({ schema }, seed) => {
        const grammar = new GbnfGrammar(schemaToGrammar(schema));
        const random = seededRandom(seed);
        const satisfies = compileByAjv(schema);
        for (let count = 0; count < SENTENCES; count++) {
          const text = grammar.sentence(random);
          const value: unknown = JSON.parse(text);
          if (!satisfies(value))
            throw new Error(`${text.slice(0, 500)} does not satisfy: ${JSON.stringify(satisfies.errors?.[0])}`);
          if (count % 10 === 0) expect(validateJson(schema, value)).toEqual({ valid: true });
        }
      }),
      PROPERTY_RUNS,
    );
  });

  it("accepts every value that satisfies the schema, within its bounds", () => {
    fc.assert(
      fc.property(anyCase, fc.nat(), ({ schema, make }, seed) => {
        const grammar = new GbnfGrammar(schemaToGrammar(schema));
        const random = seededRandom(seed);
        const satisfies = compileByAjv(schema);
        for (let count = 0; count < 10; count++) {
          const value = make(random);
          if (!satisfies(value))
            throw new Error(`The test is wrong: ${JSON.stringify(value)} ${JSON.stringify(satisfies.errors)}`);
          const text = spacedJson(value);
          if (!grammar.accepts(text)) throw new Error(`Not accepted: ${text}`);
        }
      }),
      PROPERTY_RUNS,
    );
  });
});
