import fc from "fast-check";
import { anyText } from "../../../../../../scripts/any-text.js";

/** A schema, and a generator of values that satisfy it, with properties in the grammar's order. */
export interface SchemaCase {
  schema: Record<string, unknown> | boolean;
  make(random: () => number): unknown;
}

type Random = () => number;

const oddNames = ["a", "ab", "b", "name", 'quo"te', "back\\slash", "new\nline", "ü", "😀", "-", " "];
// The empty name has a separate test, because Ajv 8 does not require it when it should.
const names = fc.uniqueArray(fc.oneof(fc.constantFrom(...oddNames), anyText({ minLength: 1, maxLength: 6 })), {
  maxLength: 6,
});
// `__proto__` is rejected, and Ajv cannot compare values with a property `toString`: see property-names.test.ts.
const propertyNames = names.map((list) => list.filter((name) => name !== "__proto__"));

const scalar = fc.oneof(
  fc.constantFrom(null, true, false, 0, -1, 12, 123, 1.5, "", "a", "ab", "abc", 'q"', "ü", "\ud800"),
  anyText({ maxLength: 8 }),
);
/** Any small JSON value. */
export const jsonValue = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    scalar,
    fc.array(tie("value"), { maxLength: 3 }),
    propertyNames.chain((keys) =>
      fc
        .tuple(...keys.map(() => tie("value")))
        .map((values) => Object.fromEntries(keys.map((key, i) => [key, values[i]]))),
    ),
  ),
})).value;

function pick<Item>(items: readonly Item[], random: Random): Item {
  return items[Math.floor(random() * items.length)] as Item;
}

function between(low: number, high: number, random: Random): number {
  return low + Math.floor(random() * (high - low + 1));
}

function makeString(low: number, high: number, random: Random): string {
  const units = [
    "a",
    "Z",
    "0",
    " ",
    '"',
    "\\",
    "/",
    "\n",
    "\u0000",
    "\u001f",
    "\u007f",
    "é",
    "\u2028",
    "\ud7ff",
    "\ue000",
    "😀",
  ];
  return Array.from({ length: between(low, Math.min(high, low + 8), random) }, () => pick(units, random)).join("");
}

const nullCase: SchemaCase = { schema: { type: "null" }, make: () => null };
const booleanCase: SchemaCase = { schema: { type: "boolean" }, make: (random) => random() < 0.5 };

const integerCase = fc
  .tuple(
    fc.oneof(fc.integer({ min: -1200, max: 1200 }), fc.maxSafeInteger()),
    fc.oneof(fc.nat({ max: 12 }), fc.nat({ max: 3000 }), fc.maxSafeNat()),
    fc.constantFrom("both", "low", "high", "none", "exclusive"),
    fc.constantFrom(null, 1, 10, 100, 0.1),
  )
  .map(([low, span, kind, step]): SchemaCase => {
    const high = Math.min(low + span, Number.MAX_SAFE_INTEGER);
    const schema: Record<string, unknown> = { type: "integer" };
    if (kind === "both" || kind === "low") schema.minimum = low;
    if (kind === "both" || kind === "high") schema.maximum = high;
    if (kind === "exclusive") Object.assign(schema, { exclusiveMinimum: low - 1, exclusiveMaximum: high + 1 });
    const unit = step !== null && step > 1 ? step : 1;
    const [first, last] = [Math.ceil(low / unit), Math.floor(high / unit)];
    // A range need not contain a multiple of 100.
    if (step !== null && first <= last) schema.multipleOf = step;
    return {
      schema,
      make: (random) =>
        (schema.multipleOf === undefined ? between(low, high, random) : between(first, last, random) * unit) || 0,
    };
  });

const numberCase = fc
  .tuple(
    fc.integer({ min: -99_999, max: 99_999 }),
    fc.nat({ max: 150_000 }),
    fc.constantFrom(1, 10, 1000, 100_000),
    fc.constantFrom("both", "low", "high", "none"),
    fc.constantFrom(null, 0.01, 0.1),
  )
  .map(([low, span, scale, kind, step]): SchemaCase => {
    const [minimum, maximum] = [low / scale, (low + span) / scale];
    const schema: Record<string, unknown> = { type: "number" };
    if (kind === "both" || kind === "low") schema.minimum = minimum;
    if (kind === "both" || kind === "high") schema.maximum = maximum;
    const unit = step === null ? 0 : Math.round(1 / step);
    const [first, last] = [Math.ceil((low / scale) * unit), Math.floor(((low + span) / scale) * unit)];
    if (step !== null && first <= last && unit <= scale) schema.multipleOf = step;
    return {
      schema,
      make: (random) => {
        if (schema.multipleOf !== undefined) return between(first, last, random) / unit || 0;
        const value = Number((minimum + random() * (maximum - minimum)).toFixed(between(0, 6, random)));
        return (value >= minimum && value <= maximum && Math.abs(value) >= 1e-6 ? value : minimum) || 0;
      },
    };
  });

const stringCase = fc
  .tuple(fc.nat({ max: 5 }), fc.oneof(fc.nat({ max: 5 }), fc.nat({ max: 3000 })), fc.boolean(), fc.boolean())
  .map(([low, span, hasLow, hasHigh]): SchemaCase => {
    const schema: Record<string, unknown> = { type: "string" };
    if (hasLow) schema.minLength = low;
    if (hasHigh) schema.maxLength = low + span;
    return { schema, make: (random) => makeString(low, low + span, random) };
  });

const pad = (value: number, digits = 2) => String(value).padStart(digits, "0");
const formats: Record<string, (random: Random) => string> = {
  date: (random) => new Date(between(-6e10, 2e11, random) * 1000).toISOString().slice(0, 10),
  "date-time": (random) => new Date(between(-6e10, 2e11, random) * 1000).toISOString(),
  time: (random) => `${pad(between(0, 23, random))}:00:59.5+${pad(between(0, 23, random))}:30`,
  uuid: (random) => "00000000-0000-4000-8000-000000000000".replaceAll("0", () => between(0, 15, random).toString(16)),
  ipv4: (random) => Array.from({ length: 4 }, () => between(0, 255, random)).join("."),
  "something-else": (random) => makeString(0, 5, random),
};
const formatCase = fc.constantFrom(...Object.keys(formats)).map(
  (format): SchemaCase => ({
    schema: { type: "string", format },
    make: (random) => formats[format]?.(random) ?? "",
  }),
);

const enumCase = fc.array(jsonValue, { minLength: 1, maxLength: 6 }).map(
  (values): SchemaCase => ({
    schema: { enum: values },
    // The grammar writes an object's names in one order, that of JSON.stringify.
    make: (random) => JSON.parse(JSON.stringify(pick(values, random))),
  }),
);
const constCase = jsonValue.map(
  (value): SchemaCase => ({ schema: { const: value }, make: () => JSON.parse(JSON.stringify(value)) }),
);

const mixedTypeCase = fc.constantFrom("nullable", "types", "any").map((kind): SchemaCase => {
  const make = (random: Random) => pick([null, true, makeString(0, 5, random)], random);
  if (kind === "any")
    return { schema: {}, make: (random) => pick([make(random), [1, [2]], { key: { inner: [] } }], random) };
  if (kind === "types") return { schema: { type: ["boolean", "null", "string"] }, make };
  return { schema: { type: "string", nullable: true }, make: (random) => pick([null, "a"], random) };
});

const leaf = fc.oneof(
  fc.constant(nullCase),
  fc.constant(booleanCase),
  integerCase,
  numberCase,
  stringCase,
  formatCase,
  enumCase,
  constCase,
  mixedTypeCase,
);

function objectCase(child: fc.Arbitrary<SchemaCase>): fc.Arbitrary<SchemaCase> {
  return propertyNames.chain((keys) =>
    fc
      .record({
        parts: fc.tuple(...keys.map(() => fc.record({ value: child, required: fc.boolean() }))),
        others: fc.oneof(fc.constantFrom(null, false as const), child),
        notEmpty: fc.boolean(),
      })
      .map(({ parts, others, notEmpty }): SchemaCase => {
        const required = keys.filter((_, index) => parts[index]?.required);
        const schema: Record<string, unknown> = {
          type: "object",
          properties: Object.fromEntries(keys.map((key, index) => [key, parts[index]?.value.schema])),
        };
        // Without declared properties, other properties are allowed by default.
        const other = others === null || others === false ? null : others;
        if (required.length > 0) schema.required = required;
        if (others !== null) schema.additionalProperties = other === null ? false : other.schema;
        const canHaveOne = keys.length > 0 || other !== null;
        if (notEmpty && required.length === 0 && canHaveOne) schema.minProperties = 1;
        return {
          schema,
          make: (random) => {
            const entries: [string, unknown][] = [];
            for (const [index, key] of keys.entries()) {
              const part = parts[index];
              if (part === undefined || (!part.required && random() < 0.5)) continue;
              entries.push([key, part.value.make(random)]);
            }
            for (let count = other === null ? 0 : between(0, 3, random); count > 0; count--) {
              const key = `${pick(["other", "nam", "names", "_", "ü", "😀😀"], random)}${count}`;
              if (!keys.includes(key)) entries.push([key, other?.make(random)]);
            }
            if (entries.length === 0 && schema.minProperties === 1) {
              entries.push(
                keys[0] !== undefined ? [keys[0], parts[0]?.value.make(random)] : ["other", other?.make(random)],
              );
            }
            return Object.fromEntries(entries);
          },
        };
      }),
  );
}

function arrayCase(child: fc.Arbitrary<SchemaCase>): fc.Arbitrary<SchemaCase> {
  return fc
    .record({
      prefix: fc.array(child, { maxLength: 3 }),
      rest: fc.option(child),
      low: fc.nat({ max: 4 }),
      span: fc.nat({ max: 4 }),
      bounds: fc.constantFrom("both", "low", "high", "none"),
    })
    .map(({ prefix, rest, low, span, bounds }): SchemaCase => {
      const schema: Record<string, unknown> = { type: "array" };
      if (prefix.length > 0) schema.prefixItems = prefix.map((item) => item.schema);
      if (rest !== null) schema.items = rest.schema;
      // Without `items`, a tuple has only its prefix items here.
      const most = rest === null && prefix.length > 0 ? Math.min(prefix.length, low + span) : low + span;
      const least = Math.min(low, most);
      if (bounds === "both" || bounds === "low") schema.minItems = least;
      if (bounds === "both" || bounds === "high") schema.maxItems = most;
      return {
        schema,
        make: (random) =>
          Array.from({ length: between(least, most, random) }, (_, index) =>
            (prefix[index] ?? rest ?? nullCase).make(random),
          ),
      };
    });
}

function anyOfCase(child: fc.Arbitrary<SchemaCase>): fc.Arbitrary<SchemaCase> {
  return fc.array(child, { minLength: 1, maxLength: 4 }).map((alternatives) => ({
    schema: { anyOf: alternatives.map(({ schema }) => schema) },
    make: (random) => pick(alternatives, random).make(random),
  }));
}

/** Objects that are distinguished by a tag property. */
function taggedCase(child: fc.Arbitrary<SchemaCase>): fc.Arbitrary<SchemaCase> {
  return fc.array(child, { minLength: 1, maxLength: 4 }).map((alternatives) => ({
    schema: {
      oneOf: alternatives.map(({ schema }, index) => ({
        type: "object",
        properties: { kind: { const: `kind${index}` }, value: schema },
        required: ["kind"],
      })),
    },
    make: (random) => {
      const index = between(0, alternatives.length - 1, random);
      const kind = `kind${index}`;
      return random() < 0.3 ? { kind } : { kind, value: alternatives[index]?.make(random) };
    },
  }));
}

const disjointTypesCase = fc.constantFrom<SchemaCase>(
  {
    schema: { oneOf: [{ type: "integer", maximum: 4 }, { type: "integer", exclusiveMinimum: 4 }, { type: "string" }] },
    make: (random) => pick([4, 5, -7, "text"], random),
  },
  {
    schema: { type: "string", oneOf: [{ maxLength: 2 }, { minLength: 3, maxLength: 5 }] },
    make: (random) =>
      makeString(0, 5, random)
        .slice(0, 5)
        .replace(/[\ud800-\udbff]$/, ""),
  },
);

/** Two schemas for one value: bounds from both sides, and merged objects. */
function allOfCase(child: fc.Arbitrary<SchemaCase>): fc.Arbitrary<SchemaCase> {
  return fc
    .record({ first: child, second: child, kind: fc.constantFrom("object", "number", "string", "twice") })
    .map(({ first, second, kind }): SchemaCase => {
      if (kind === "number") {
        return {
          schema: { type: "number", minimum: -3, allOf: [{ maximum: 40 }, { minimum: -7.5, exclusiveMaximum: 12 }] },
          make: (random) => between(-30, 119, random) / 10 || 0,
        };
      }
      if (kind === "string") {
        return {
          schema: { allOf: [{ type: "string", minLength: 1 }, { maxLength: 4 }], title: "Short" },
          make: (random) => makeString(1, 4, random),
        };
      }
      if (kind === "twice") return { schema: { allOf: [first.schema, first.schema] }, make: first.make };
      return {
        schema: {
          allOf: [
            { type: "object", properties: { first: first.schema }, required: ["first"] },
            { type: "object", properties: { second: second.schema } },
          ],
        },
        make: (random) =>
          random() < 0.5 ? { first: first.make(random) } : { first: first.make(random), second: second.make(random) },
      };
    });
}

/** Schemas of every supported construct, with a few levels. References are in {@link recursiveCase}. */
export const schemaCase: fc.Arbitrary<SchemaCase> = fc.letrec<{ schema: SchemaCase }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3, depthIdentifier: "schema" },
    leaf,
    objectCase(tie("schema")),
    arrayCase(tie("schema")),
    anyOfCase(tie("schema")),
    taggedCase(tie("schema")),
    disjointTypesCase,
    allOfCase(tie("schema")),
  ),
})).schema;

/** Wraps a schema into documents with references to it and to themselves. */
export const recursiveCase: fc.Arbitrary<SchemaCase> = fc
  .tuple(schemaCase, fc.constantFrom("list", "tree", "mutual", "nested"))
  .map(([inner, kind]): SchemaCase => {
    const values = (random: Random) => inner.make(random);
    const $defs: Record<string, unknown> = { "the value/%": inner.schema };
    const value = { $ref: "#/$defs/the%20value~1%25" };
    if (kind === "list") {
      $defs.list = {
        type: "object",
        properties: { value, next: { anyOf: [{ $ref: "#/$defs/list" }, { type: "null" }] } },
        required: ["value", "next"],
      };
      const make = (random: Random, levels: number): unknown => ({
        value: values(random),
        next: levels > 0 && random() < 0.7 ? make(random, levels - 1) : null,
      });
      return { schema: { $ref: "#/$defs/list", $defs }, make: (random) => make(random, 10) };
    }
    if (kind === "tree") {
      const make = (random: Random, levels: number): unknown => {
        const children = () => Array.from({ length: between(0, 2, random) }, () => make(random, levels - 1));
        return levels > 0 && random() < 0.7
          ? { value: values(random), children: children() }
          : { value: values(random) };
      };
      return {
        schema: {
          $defs,
          type: "object",
          properties: { value, children: { type: "array", items: { $ref: "#" } } },
          required: ["value"],
        },
        make: (random) => make(random, 4),
      };
    }
    if (kind === "mutual") {
      $defs.one = { type: "array", items: { $ref: "#/$defs/other" }, maxItems: 2 };
      $defs.other = { type: "object", properties: { one: { $ref: "#/$defs/one", description: "again" }, value } };
      const make = (random: Random, levels: number): unknown =>
        Array.from({ length: between(0, 2, random) }, () => (levels > 0 ? { one: make(random, levels - 1) } : {}));
      return { schema: { $ref: "#/$defs/one", $defs }, make: (random) => make(random, 3) };
    }
    return {
      schema: { type: "object", properties: { first: value, second: value }, required: ["first"], $defs },
      make: (random) => ({ first: values(random), second: values(random) }),
    };
  });
