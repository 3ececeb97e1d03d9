import fc from "fast-check";
import { expect, test } from "vitest";
import { ToolCallAssembler } from "../../../src/engines/openai-compatible/chat/tool-call-assembler.js";

const tools = new Set(["get_weather", "get_time", "water"]);

type Part = Parameters<ToolCallAssembler["push"]>[0];

interface Piece {
  call: number;
  /** Position of this piece in its call. */
  at: number;
  name: string;
  text: string;
}

/**
 * Ways in which servers number and name the pieces of calls. At least one field is right, the others may be anything.
 */
const habits: Record<string, (piece: Piece, count: number) => Omit<Part, "arguments">> = {
  "all fields right": ({ call, name }) => ({ index: call, id: `c${call}`, name }),
  "head first, then the index": ({ call, at, name }) => ({
    index: call,
    id: at === 0 ? `c${call}` : null,
    name: at === 0 ? name : null,
  }),
  "one index, right ids": ({ call, at, name }) => ({ index: 0, id: `c${call}`, name: at === 0 ? name : null }),
  "one index, right ids, the name again": ({ call, name }) => ({ index: 0, id: `c${call}`, name }),
  "one index, an id with the first piece": ({ call, at, name }) => ({
    index: 0,
    id: at === 0 ? `c${call}` : "",
    name: at === 0 ? name : "",
  }),
  "one index, no ids": ({ at, name }) => ({ index: 0, id: null, name: at === 0 ? name : null }),
  "one index, no ids, the name again": ({ name }) => ({ index: 0, id: null, name }),
  "no index, right ids": ({ call, at, name }) => ({ index: null, id: `c${call}`, name: at === 0 ? name : null }),
  "no index, no ids": ({ at, name }) => ({ index: null, id: null, name: at === 0 ? name : null }),
  "no index, no ids, the name again": ({ name }) => ({ index: null, id: null, name }),
  "one id, right indexes": ({ call, at, name }) => ({ index: call, id: "same", name: at === 0 ? name : null }),
  "ids that change, right indexes": ({ call, at, name }, count) => ({
    index: call,
    id: `${count}`,
    name: at === 0 ? name : null,
  }),
  "ids that change, one index": ({ at, name }, count) => ({ index: 0, id: `${count}`, name: at === 0 ? name : null }),
  "ids that change, the name again": ({ call, name }, count) => ({ index: call, id: `${count}`, name }),
  "indexes that count pieces, right ids": ({ call, at, name }, count) => ({
    index: count,
    id: `c${call}`,
    name: at === 0 ? name : null,
  }),
  "indexes that count pieces, right ids, the name again": ({ call, name }, count) => ({
    index: count,
    id: `c${call}`,
    name,
  }),
  "indexes that count pieces, no ids": ({ at, name }, count) => ({
    index: count,
    id: null,
    name: at === 0 ? name : null,
  }),
};
/** Habits in which each piece identifies its call, so that pieces of several calls may be mixed. */
const mixable = ["all fields right", "head first, then the index", "no index, right ids"];

const calls = fc.array(
  fc.record({
    name: fc.constantFrom(...tools),
    // Arguments of two calls differ, because an equal call may be a repetition.
    value: fc.dictionary(fc.constantFrom("city", "a b", "{", '"'), fc.jsonValue(), { maxKeys: 3 }),
    cuts: fc.array(fc.nat(), { maxLength: 4 }),
  }),
  { minLength: 1, maxLength: 4 },
);

function cutUp(calls: readonly { name: string; value: object; cuts: readonly number[] }[]): Piece[][] {
  return calls.map(({ name, value, cuts }, call) => {
    const text = JSON.stringify({ call, ...value });
    // The opening brace arrives with the first piece, as with all tokenizers.
    const at = [0, ...cuts.map((cut) => 1 + (cut % (text.length - 1))), text.length].sort((a, b) => a - b);
    return at.slice(1).map((end, index) => ({ call, at: index, name, text: text.slice(at[index], end) }));
  });
}

test.each(Object.keys(habits))("calls of a server with %s are kept apart and complete", (habit) => {
  fc.assert(
    fc.property(calls, fc.infiniteStream(fc.nat()), (calls, random) => {
      const waiting = cutUp(calls);
      const assembler = new ToolCallAssembler(() => "own", tools);
      let count = 0;
      while (waiting.some((pieces) => pieces.length > 0)) {
        const open = waiting.filter((pieces) => pieces.length > 0);
        const next = mixable.includes(habit) ? (random.next().value as number) % open.length : 0;
        const piece = open[next]?.shift() as Piece;
        const fields = (habits[habit] as (typeof habits)[string])(piece, count++);
        assembler.push({ ...fields, arguments: piece.text });
      }
      const got = assembler.finish();
      const byCall = (call: { arguments: unknown }) => (call.arguments as { call: number }).call;
      expect(got.sort((a, b) => byCall(a) - byCall(b)).map(({ name, arguments: value }) => ({ name, value }))).toEqual(
        calls.map(({ name, value }, call) => ({ name, value: JSON.parse(JSON.stringify({ call, ...value })) })),
      );
    }),
  );
});

test("a name may be split, grow or repeat, and a whole call may be repeated", () => {
  const name = fc.constantFrom(...tools);
  const form = fc.constantFrom("pieces", "growing", "again");
  fc.assert(
    fc.property(
      fc.array(name, { minLength: 1, maxLength: 3 }),
      form,
      fc.nat(),
      fc.boolean(),
      (names, form, cut, again) => {
        const assembler = new ToolCallAssembler(() => "own", tools);
        for (const [index, name] of names.entries()) {
          const at = 1 + (cut % (name.length - 1));
          const heads = {
            pieces: [name.slice(0, at), name.slice(at)],
            growing: [name.slice(0, at), name],
            again: [name, name],
          };
          for (const head of heads[form]) assembler.push({ index, id: null, name: head, arguments: "" });
          for (const text of ['{"n":', `${index}}`]) assembler.push({ index, id: null, name: null, arguments: text });
        }
        for (const [index, name] of again ? names.entries() : []) {
          assembler.push({ index, id: null, name, arguments: `{"n":${index}}` });
        }
        expect(assembler.finish().map(({ name, arguments: value }) => ({ name, value }))).toEqual(
          names.map((name, n) => ({ name, value: { n } })),
        );
      },
    ),
  );
});

test("arguments may grow from piece to piece, and be JSON in a JSON string", () => {
  const assembler = new ToolCallAssembler(() => "own", tools);
  for (const text of ['{"ci', '{"city":', '{"city":"Bern"}']) {
    assembler.push({ index: 0, id: "a", name: "get_weather", arguments: text });
  }
  assembler.push({ index: 1, id: "b", name: "get_time", arguments: JSON.stringify('{"zone":1}') });
  expect(assembler.finish().map((call) => call.arguments)).toEqual([{ city: "Bern" }, '{"zone":1}']);
});

test("arguments of any other type are passed on unchanged", () => {
  const shape = fc.oneof(fc.array(fc.jsonValue()), fc.integer(), fc.boolean(), fc.stringMatching(/^\{"[a-z]{1,9}$/));
  fc.assert(
    fc.property(shape, fc.boolean(), (value, asText) => {
      const assembler = new ToolCallAssembler(() => "own", tools);
      const given = asText && typeof value !== "string" ? JSON.stringify(value) : value;
      assembler.push({ index: null, id: null, name: "water", arguments: given });
      expect(assembler.finish()[0]?.arguments).toEqual(given === value ? value : JSON.parse(JSON.stringify(value)));
    }),
  );
});

test("lone surrogates in arguments and keys are replaced", () => {
  const assembler = new ToolCallAssembler(() => "own", tools);
  assembler.push({ index: 0, id: null, name: "water", arguments: '{"a\\ud83c":["\\udf31",{"b":"\\ud83c\\udf31"}]}' });
  expect(assembler.finish()[0]?.arguments).toEqual({ "a\ufffd": ["\ufffd", { b: "🌱" }] });
});
