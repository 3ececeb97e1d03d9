import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { schemaToGrammar } from "../../../../src/engines/llama/grammar/schema-to-grammar.js";
import { GbnfGrammar } from "./gbnf-grammar.js";
import { seededRandom } from "./seeded-random.js";

interface Bounds {
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
}

function isWithin(value: number, bounds: Bounds): boolean {
  const { minimum = -Infinity, maximum = Infinity, exclusiveMinimum = -Infinity, exclusiveMaximum = Infinity } = bounds;
  return value >= minimum && value <= maximum && value > exclusiveMinimum && value < exclusiveMaximum;
}

/** Bounds that at least one value satisfies. */
function boundsOf(numbers: fc.Arbitrary<number>): fc.Arbitrary<Bounds> {
  return fc
    .tuple(
      numbers,
      numbers,
      fc.constantFrom("minimum", "exclusiveMinimum", ""),
      fc.constantFrom("maximum", "exclusiveMaximum", ""),
    )
    .map(([one, other, low, high]) => {
      const bounds: Record<string, number> = {};
      if (low !== "") bounds[low] = Math.min(one, other);
      if (high !== "") bounds[high] = Math.max(one, other);
      return bounds;
    });
}

function grammarOf(schema: object): GbnfGrammar | null {
  try {
    return new GbnfGrammar(schemaToGrammar(schema));
  } catch (error) {
    expect(error).toMatchObject({ code: "schema-not-supported" });
    return null;
  }
}

const someInteger = fc.oneof(
  fc.integer({ min: -20, max: 20 }),
  fc.integer({ min: -2000, max: 2000 }),
  fc.maxSafeInteger(),
  fc.constantFrom(99, 100, 101, 999, 1000, -999, -1000, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
);

const someDecimal = fc
  .tuple(someInteger, fc.nat({ max: 14 }))
  .map(([digits, places]) => Number(`${digits % 10 ** 14}e-${places}`));

describe("integers", () => {
  it("are accepted if and only if they are within their bounds", () => {
    fc.assert(
      fc.property(
        boundsOf(someInteger),
        fc.array(someInteger),
        fc.constantFrom(1, 10, 1000),
        (bounds, others, step) => {
          const grammar = grammarOf({ type: "integer", ...bounds, multipleOf: step });
          const near = Object.values(bounds).flatMap((bound) =>
            [-1000, -10, -2, -1, 0, 1, 2, 10, 1000].map((by) => bound + by),
          );
          for (const value of [...near, ...others, 0].filter(Number.isSafeInteger)) {
            const expected = isWithin(value, bounds) && value % step === 0;
            expect(grammar?.accepts(String(value || 0)) ?? false, String(value)).toBe(expected);
          }
        },
      ),
    );
  });

  it.each(["01", "-0", "-01", "+1", "1.0", "1e2", "", "-", "9007199254740992", "-9007199254740992"])(
    "are not written as %s",
    (text) => {
      expect(grammarOf({ type: "integer" })?.accepts(text)).toBe(false);
    },
  );

  it("may have fractional bounds", () => {
    const grammar = grammarOf({ type: "integer", minimum: -1.5, exclusiveMaximum: 2.5 });
    expect(["-2", "-1", "0", "2", "3"].map((text) => grammar?.accepts(text))).toEqual([false, true, true, true, false]);
  });
});

describe("numbers", () => {
  it("are accepted if and only if they are within their bounds", () => {
    fc.assert(
      fc.property(boundsOf(someDecimal), fc.array(someDecimal), fc.nat({ max: 6 }), (bounds, others, places) => {
        const grammar = grammarOf({ type: "number", ...bounds });
        const step = 10 ** -places;
        const near = Object.values(bounds).flatMap((bound) =>
          [-1, 0, 1].map((by) => Number((bound + by * step).toFixed(6))),
        );
        const largest = Math.max(...Object.values(bounds).map(Math.abs), 1);
        const places15 = 14 - Math.floor(Math.log10(largest));
        for (const value of [...near, ...others, 0]) {
          const text = String(value || 0);
          // Skip numbers with more digits than the grammar writes, and those that JSON.stringify writes with an
          // exponent.
          if (text.includes("e") || (text.split(".")[1] ?? "").length > places15) continue;
          expect(grammar?.accepts(text) ?? false, text).toBe(isWithin(value, bounds));
        }
      }),
    );
  });

  it("parse to values within their bounds, however many digits they have", () => {
    fc.assert(
      fc.property(
        boundsOf(fc.oneof(someDecimal, fc.double({ noNaN: true, noDefaultInfinity: true }))),
        fc.nat(),
        (bounds, seed) => {
          const grammar = grammarOf({ type: "number", ...bounds });
          const random = seededRandom(seed);
          for (let count = 0; grammar !== null && count < 50; count++) {
            const text = grammar.sentence(random);
            expect(isWithin(JSON.parse(text), bounds), text).toBe(true);
          }
        },
      ),
    );
  });

  it("may have an exponent if all its values are within the bounds", () => {
    const grammar = grammarOf({ type: "number", minimum: -1, exclusiveMaximum: 1000 });
    expect(["6.02e2", "1e-7", "9.99E+02", "-1e-05", "0e0"].map((text) => grammar?.accepts(text))).toEqual([
      true,
      true,
      true,
      true,
      false,
    ]);
    expect(["1e3", "-1e0", "10e1", "1e-300"].map((text) => grammar?.accepts(text))).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(grammarOf({ type: "number", minimum: 1e20 })?.accepts("2.5e21")).toBe(true);
  });

  it("are multiples of a power of ten, as decimals", () => {
    fc.assert(
      fc.property(boundsOf(someDecimal), fc.integer({ min: -3, max: 3 }), fc.nat(), (bounds, exponent, seed) => {
        const grammar = grammarOf({ type: "number", ...bounds, multipleOf: Number(`1e${exponent}`) });
        const random = seededRandom(seed);
        for (let count = 0; grammar !== null && count < 20; count++) {
          const text = grammar.sentence(random);
          expect(isWithin(JSON.parse(text), bounds), text).toBe(true);
          const [whole = "", fraction = ""] = text.split(".");
          expect(fraction.length).toBeLessThanOrEqual(Math.max(0, -exponent));
          if (exponent > 0) expect(whole === "0" || whole.endsWith("0".repeat(exponent)), text).toBe(true);
        }
      }),
    );
  });

  it.each([
    [{ multipleOf: 3 }, "multipleOf"],
    [{ multipleOf: 0.5 }, "multipleOf"],
    [{ multipleOf: 1e-20 }, "multipleOf"],
    [{ minimum: 1e300, multipleOf: 1 }, "minimum"],
    [{ maximum: -1e20, multipleOf: 0.1 }, "maximum"],
    [{ minimum: 2 ** 60, type: "integer" }, "minimum"],
  ])("are rejected with bounds that cannot be enforced: %o", (keywords, keyword) => {
    expect(() => schemaToGrammar({ type: "number", ...keywords })).toThrow(
      expect.objectContaining({ code: "schema-not-supported", keyword, path: "" }),
    );
  });

  it.each([
    [{ minimum: 2, maximum: 1 }],
    [{ exclusiveMinimum: 1, maximum: 1 }],
    [{ type: "integer", minimum: 1.2, maximum: 1.8 }],
    [{ multipleOf: 100, minimum: 1, maximum: 99 }],
  ])("are rejected if none exist: %o", (keywords) => {
    expect(() => schemaToGrammar({ type: "number", ...keywords })).toThrow("allows no value");
  });
});
