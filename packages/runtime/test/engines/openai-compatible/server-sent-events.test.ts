import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LineSplitter, LineTooLong } from "../../../src/engines/openai-compatible/stream/line-splitter.js";
import {
  type ServerSentEvent,
  ServerSentEventParser,
} from "../../../src/engines/openai-compatible/stream/server-sent-events.js";

const MAX_BYTES = 1000;

function parse(pieces: Iterable<Buffer>): ServerSentEvent[] {
  const parser = new ServerSentEventParser(MAX_BYTES);
  const events: ServerSentEvent[] = [];
  for (const piece of pieces) events.push(...parser.push(piece));
  return [...events, ...parser.end()];
}

function split(pieces: Iterable<Buffer>): string[] {
  const splitter = new LineSplitter(MAX_BYTES);
  const lines: string[] = [];
  for (const piece of pieces) lines.push(...splitter.push(piece));
  const rest = splitter.end();
  return rest === null ? lines : [...lines, rest];
}

/** The same, read from the whole text at once, as the standard words it. */
function parseWhole(text: string): ServerSentEvent[] {
  const events: ServerSentEvent[] = [];
  let type = "";
  let data: string[] = [];
  for (const line of [...text.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/), "", ""]) {
    const [, field, value] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (line === "") {
      if (data.length > 0) events.push({ type: type || "message", data: data.join("\n") });
      type = "";
      data = [];
    } else if (line.startsWith("{")) data.push(line);
    else if (field === "event") type = value ?? "";
    else if (field === "data") data.push(value ?? "");
    else if (field === "error") {
      type = "error";
      data.push(value ?? "");
    }
  }
  return events;
}

/** A text cut into pieces at any bytes, in the middle of a character too. */
const pieces = (text: fc.Arbitrary<string>) =>
  fc.tuple(text, fc.array(fc.nat())).map(([whole, cuts]) => {
    const bytes = Buffer.from(whole);
    const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
    return { whole, pieces: at.slice(1).map((end, index) => bytes.subarray(at[index], end)) };
  });

const streamText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "data: ",
        "data:",
        "data",
        "event: x",
        "error: ",
        ": ping",
        "id: 1",
        "{",
        "}",
        " ",
        ":",
        "\uFEFF",
      ),
      fc.constantFrom("\n", "\r", "\r\n", "\n\n", "\r\n\r\n", "\r\r"),
      fc.string({ unit: "grapheme", maxLength: 5 }),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(""));

test("events are the same however the stream is cut, and what the standard says", () => {
  fc.assert(
    fc.property(pieces(streamText), ({ whole, pieces }) => {
      expect(parse(pieces)).toEqual(parseWhole(whole));
    }),
  );
});

test("lines are the same however the stream is cut", () => {
  fc.assert(
    fc.property(pieces(streamText), ({ whole, pieces }) => {
      const lines = whole.split(/\r\n|\r|\n/);
      if (lines.at(-1) === "") lines.pop();
      expect(split(pieces)).toEqual(lines);
    }),
  );
});

describe("events", () => {
  test.each<[string, ServerSentEvent[]]>([
    ["", []],
    ["data: a\n\n", [{ type: "message", data: "a" }]],
    ["data:a\ndata: b\ndata\n\n", [{ type: "message", data: "a\nb\n" }]],
    ["data:  a\n\n", [{ type: "message", data: " a" }]],
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
    ['{"error":1}\n', [{ type: "message", data: '{"error":1}' }]],
  ])("%j", (text, events) => {
    expect(parse([Buffer.from(text)])).toEqual(events);
  });
});

describe("what is too long", () => {
  const long = Buffer.alloc(100, "x");
  test.each<[string, (bytes: Buffer) => unknown, Buffer]>([
    ["a line", (bytes) => new LineSplitter(99).push(bytes).next(), long],
    ["a line of an event", (bytes) => new ServerSentEventParser(99).push(bytes).next(), long],
    [
      "an event of many lines",
      (bytes) => new ServerSentEventParser(99).push(bytes).next(),
      Buffer.from("data: xxxxxxxxx\n".repeat(20)),
    ],
  ])("%s is refused", (_, read, bytes) => {
    expect(() => read(bytes)).toThrow(LineTooLong);
  });

  test("exactly the limit is not", () => {
    expect(split([Buffer.alloc(MAX_BYTES, "x"), Buffer.from("\n")])).toEqual(["x".repeat(MAX_BYTES)]);
  });
});
