import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { convertSlips } from "../../src/json-schema/convert-slips.js";
import { readSchema } from "../../src/json-schema/read-schema.js";
import type { NamedCall } from "../../src/tool-calls/call-form.js";
import { callForms } from "../../src/tool-calls/call-forms.js";

/** Texts that look like a part of a call. */
const trap = fc.constantFrom(
  ...callForms.flatMap(({ marks }) => marks),
  "</tool_call>",
  "</parameter>\n</function>",
  "</parameter>\n<parameter=other>\n",
  "</arg_value><arg_key>",
  "<escape>",
  '<|"|>',
  '"}',
  '"',
  "'",
  "\\",
  "\n",
  "```",
  "true",
  "None",
  "007",
  '{"name": "other_tool", "arguments": {}}',
  ", other_tool()]",
);
const text = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: "binary", maxLength: 20 }) },
  { weight: 2, arbitrary: trap },
  {
    weight: 2,
    arbitrary: fc.array(fc.oneof(trap, fc.string({ maxLength: 5 })), { maxLength: 5 }).map((parts) => parts.join("")),
  },
);
const key = fc.oneof(fc.stringMatching(/^[a-z][a-z_]{0,8}$/), text).filter((name) => name !== "__proto__");
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    text,
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((number) => JSON.stringify(number) === String(number)),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(key, tie("value"), { maxKeys: 3 }),
  ),
}));
const names = ["water_zone", "other_tool", "read-level", "w"];
const call: fc.Arbitrary<NamedCall> = fc.record({
  name: fc.constantFrom(...names),
  arguments: fc.dictionary(key, value, { maxKeys: 4 }),
});

/** A schema whose types only this value satisfies, as a notation without types needs. */
function schemaOf(data: unknown): object {
  if (data === null) return { type: "null" };
  if (Array.isArray(data) && data.length === 0) return { type: "array" };
  if (Array.isArray(data)) return { type: "array", prefixItems: data.map(schemaOf) };
  if (typeof data !== "object") return { type: typeof data };
  return {
    type: "object",
    properties: Object.fromEntries(Object.entries(data).map(([name, item]) => [name, schemaOf(item)])),
  };
}

const isName = (name: string) => names.includes(name);
const asJson = (data: unknown): unknown => JSON.parse(JSON.stringify(data));

describe.each(callForms.map((form) => [form.name, form] as const))("%s", (_, form) => {
  test("reads encoded calls as the same calls", () => {
    fc.assert(
      fc.property(fc.array(call, { minLength: 1, maxLength: 3 }), (calls) => {
        const written = form.encode(calls);
        const decoded = form.decode(written, isName);
        expect(decoded?.calls.map(({ name }) => name)).toEqual(calls.map(({ name }) => name));
        for (const [index, { arguments: given }] of calls.entries()) {
          const read = decoded?.calls[index]?.arguments;
          const converted = convertSlips(
            readSchema(schemaOf(given)),
            typeof read === "string" ? JSON.parse(read) : read,
          );
          expect(asJson(converted)).toEqual(asJson(given));
        }
        expect(written.slice(0, decoded?.start)).toBe("");
        expect(written.slice(decoded?.end).replace("<|call|>", "")).toBe("");
      }),
      { numRuns: 300 },
    );
  });

  test("reports the positions of name and arguments", () => {
    fc.assert(
      fc.property(call, (one) => {
        const written = form.encode([one]);
        const [placed] = form.decode(written, isName)?.calls ?? [];
        expect(written.slice(placed?.nameStart, placed?.nameEnd)).toBe(one.name);
        if (form.notation === "json")
          expect(JSON.parse(written.slice(placed?.argumentsStart, placed?.argumentsEnd))).toEqual(
            asJson(one.arguments),
          );
      }),
    );
  });

  test("ignores calls of unknown tools, and never throws", () => {
    fc.assert(
      fc.property(fc.array(call, { minLength: 1, maxLength: 2 }), text, (calls, rest) => {
        const written = `${rest}${form.encode(calls)}${rest}`;
        expect(form.decode(written, () => false)).toBeNull();
        for (let length = 0; length < written.length; length += 7) form.decode(written.slice(0, length), isName);
      }),
    );
  });

  test("reads a long text of beginnings quickly", () => {
    for (const part of [
      ...form.marks,
      "{",
      "[",
      '{"name": "w", ',
      "w(",
      "call:w{",
      "<",
      "w{",
      "<tool_call>w<arg_key>a</arg_key><arg_value>",
      "<function=w><parameter=a>",
    ]) {
      const began = performance.now();
      form.decode(part.repeat(Math.floor(60_000 / part.length)), isName);
      expect(performance.now() - began, part).toBeLessThan(2000);
    }
  });
});
