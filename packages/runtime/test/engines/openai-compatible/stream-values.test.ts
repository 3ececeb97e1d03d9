import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LineSplitter, LineTooLong } from "../../../src/engines/openai-compatible/stream/line-splitter.js";
import { StreamValues } from "../../../src/engines/openai-compatible/stream/stream-values.js";

const MAX_BYTES = 1000;

interface Event {
  type: string;
  data: string;
}

function read(pieces: Iterable<Buffer>) {
  const reader = new StreamValues(MAX_BYTES);
  const values = [];
  for (const piece of pieces) values.push(...reader.push(piece));
  return [...values, ...reader.end()];
}

function parse(pieces: Iterable<Buffer>): Event[] {
  return read(pieces)
    .filter(({ isEvent }) => isEvent)
    .map(({ type, text }) => ({ type, data: text }));
}

function split(pieces: Iterable<Buffer>): string[] {
  const splitter = new LineSplitter(MAX_BYTES);
  const lines: string[] = [];
  for (const piece of pieces) lines.push(...splitter.push(piece));
  const rest = splitter.end();
  return rest === null ? lines : [...lines, rest];
}

/** Parses the whole text as the standard specifies. Events with only white space are left out. */
function parseWhole(text: string): Event[] {
  const events: Event[] = [];
  let type = "";
  let data: string[] = [];
  for (const line of [...text.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/), "", ""]) {
    const [, field, value] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (line === "") {
      if (data.join("\n").trim() !== "") events.push({ type: type || "message", data: data.join("\n").trim() });
      type = "";
      data = [];
    } else if (field === "event") type = value ?? "";
    else if (field === "data") data.push(value ?? "");
    else if (field === "error") {
      type = "error";
      data.push(value ?? "");
    }
  }
  return events;
}

/** Splits a text at arbitrary bytes, even inside a character. */
const pieces = (text: fc.Arbitrary<string>) =>
  fc.tuple(text, fc.array(fc.nat())).map(([whole, cuts]) => {
    const bytes = Buffer.from(whole);
    const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
    return { whole, pieces: at.slice(1).map((end, index) => bytes.subarray(at[index], end)) };
  });

const streamText = fc
  .array(
    fc.oneof(
      fc.constantFrom("data: ", "data:", "data", "event: x", "error: ", ": ping", "id: 1", " ", ":", "\uFEFF"),
      fc.constantFrom("\n", "\r", "\r\n", "\n\n", "\r\n\r\n", "\r\r"),
      fc.string({ unit: "grapheme", maxLength: 5 }).map((text) => text.replace(/[[\]{}]/g, "")),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(""));

test("events follow the standard however the stream is split", () => {
  fc.assert(
    fc.property(pieces(streamText), ({ whole, pieces }) => {
      expect(parse(pieces)).toEqual(parseWhole(whole));
    }),
  );
});

test("lines are the same however the stream is split", () => {
  fc.assert(
    fc.property(pieces(streamText), ({ whole, pieces }) => {
      const lines = whole.split(/\r\n|\r|\n/);
      if (lines.at(-1) === "") lines.pop();
      expect(split(pieces)).toEqual(lines);
    }),
  );
});

describe("events", () => {
  test.each<[string, Event[]]>([
    ["", []],
    ["data: a\n\n", [{ type: "message", data: "a" }]],
    ["data:a\ndata: b\ndata\n\n", [{ type: "message", data: "a\nb" }]],
    ["event: x\n\ndata: a\n\n", [{ type: "message", data: "a" }]],
    [
      "event: x\r\ndata: a\r\n\r\ndata: b",
      [
        { type: "x", data: "a" },
        { type: "message", data: "b" },
      ],
    ],
    [": ping\n\n: ping\n\n", []],
    ["\uFEFFdata: a\n\n", [{ type: "message", data: "a" }]],
    ["\uFEFF\uFEFFdata: a\n\n", []],
    ['error: {"code":400}\n\n', [{ type: "error", data: '{"code":400}' }]],
  ])("%j", (text, events) => {
    expect(parse([Buffer.from(text)])).toEqual(events);
  });
});

/** Ways in which servers send a list of values without line breaks. */
const framings: Record<string, (texts: readonly string[]) => string> = {
  events: (texts) => texts.map((text) => `data: ${text}\n\n`).join(""),
  "events without a space": (texts) => texts.map((text) => `data:${text}\r\n\r\n`).join(""),
  "events without an empty line between them": (texts) => texts.map((text) => `data: ${text}\n`).join(""),
  "events that are marked twice": (texts) => texts.map((text) => `data: data: ${text}\n\n`).join(""),
  "events between comments": (texts) => texts.map((text) => `: ping\n\nid: 1\ndata: ${text}\n\n`).join(""),
  "events of many lines": (texts) =>
    texts.map((text) => `${JSON.stringify(JSON.parse(text), null, 1).replace(/^/gm, "data: ")}\n\n`).join(""),
  "one event with a list": (texts) => `data: [${texts.join(",")}]\n\n`,
  "one event with all of them": (texts) => `data: ${texts.join(" ")}`,
  lines: (texts) => texts.map((text) => `${text}\n`).join(""),
  "lines with empty ones between": (texts) => texts.map((text) => `${text}\r\n\r\n`).join(""),
  "nothing between them": (texts) => texts.join(""),
  "a list": (texts) => `[${texts.join(",")}]`,
  "a list of many lines": (texts) =>
    JSON.stringify(
      texts.map((text) => JSON.parse(text)),
      null,
      2,
    ),
  "a streamed list": (texts) => `[${texts.join("\n,\n")}\n]\n`,
};

test("values are the same however they are framed and split", () => {
  const texts = fc.array(
    fc.dictionary(fc.string(), fc.jsonValue()).map((value) => JSON.stringify(value)),
    { minLength: 1, maxLength: 4 },
  );
  const framed = fc.tuple(texts, fc.constantFrom(...Object.keys(framings)), fc.boolean());
  fc.assert(
    fc.property(framed, fc.array(fc.nat()), ([texts, framing, hasMark], cuts) => {
      const stream = `${hasMark ? "\uFEFF" : ""}${framings[framing]?.(texts)}`;
      const bytes = Buffer.from(stream);
      const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
      const reader = new StreamValues(2 ** 20);
      const values = [];
      for (const [index, end] of at.slice(1).entries()) values.push(...reader.push(bytes.subarray(at[index], end)));
      values.push(...reader.end());
      expect(values.map(({ value }) => value)).toEqual(texts.map((text) => JSON.parse(text)));
    }),
  );
});

test("a truncated value and text between values do not count as values", () => {
  expect(read([Buffer.from('{"a":1}\n{"b":')])).toMatchObject([
    { value: { a: 1 } },
    { value: undefined, text: '{"b":' },
  ]);
  expect(read([Buffer.from("upstream error\n")])).toMatchObject([{ type: "other", value: undefined }]);
});

describe("data beyond the limit", () => {
  const long = Buffer.alloc(100, "x");
  test.each<[string, (bytes: Buffer) => unknown, Buffer]>([
    ["a line", (bytes) => new LineSplitter(99).push(bytes).next(), long],
    ["a line of an event", (bytes) => new StreamValues(99).push(bytes).next(), long],
    [
      "an event of many lines",
      (bytes) => new StreamValues(99).push(bytes).next(),
      Buffer.from("data: xxxxxxxxx\n".repeat(20)),
    ],
  ])("%s is rejected", (_, read, bytes) => {
    expect(() => read(bytes)).toThrow(LineTooLong);
  });

  test("at exactly the limit is accepted", () => {
    expect(split([Buffer.alloc(MAX_BYTES, "x"), Buffer.from("\n")])).toEqual(["x".repeat(MAX_BYTES)]);
  });
});
