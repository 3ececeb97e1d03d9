import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FrameReader, MAX_FRAME_BYTES, readEventData, type WyomingEvent } from "../../src/wyoming/frame-reader.js";
import { writeFrame } from "../../src/wyoming/frame-writer.js";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const line = (value: unknown) => `${JSON.stringify(value)}\n`;
const reads = (isWanted = true) => new FrameReader(() => isWanted);
const parsed = (events: readonly WyomingEvent[]) =>
  events.map((event) => ({ type: event.type, data: readEventData(event) }));

function readAll(bytes: Uint8Array, cuts: readonly number[] = []) {
  const reader = reads();
  const events: WyomingEvent[] = [];
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((one, other) => one - other);
  let from = 0;
  for (const to of [...places, bytes.length]) {
    events.push(...reader.push(bytes.subarray(from, to)));
    from = to;
  }
  return { reader, events: parsed(events) };
}

const block = fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 4 });
/** A frame, and the event that a reader must find in it. */
const frame = fc
  .record({
    type: fc.string(),
    inLine: fc.option(block, { nil: undefined }),
    inBlock: fc.option(block, { nil: undefined }),
    payload: fc.option(fc.uint8Array({ maxLength: 300 }), { nil: undefined }),
  })
  .map(({ type, inLine, inBlock, payload }) => {
    const data = inBlock === undefined ? undefined : bytesOf(JSON.stringify(inBlock));
    const head = line({ type, data: inLine, data_length: data?.length, payload_length: payload?.length });
    const bytes = Buffer.concat([bytesOf(head), data ?? Buffer.alloc(0), payload ?? Buffer.alloc(0)]);
    // As a parser of JSON reads it: -0 becomes 0.
    const merged = JSON.parse(JSON.stringify({ ...inLine, ...inBlock })) as Record<string, unknown>;
    return { bytes, event: { type, data: merged } };
  });

describe("a reader of frames", () => {
  test("finds the same events however the bytes are split", () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 5 }), fc.array(fc.nat()), (frames, cuts) => {
        const { reader, events } = readAll(Buffer.concat(frames.map(({ bytes }) => bytes)), cuts);
        expect(reader.fault).toBeNull();
        expect(reader.isWithinFrame).toBe(false);
        expect(JSON.stringify(events)).toBe(JSON.stringify(frames.map(({ event }) => event)));
      }),
    );
  });

  test("never throws, and never keeps more than a frame, whatever comes", () => {
    const pieces = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.string().map(bytesOf),
      frame.map(({ bytes }) => bytes as Uint8Array),
      fc
        .record({ type: fc.anything(), data: fc.anything(), data_length: fc.anything(), payload_length: fc.anything() })
        .map((value) => {
          try {
            return bytesOf(line(value));
          } catch {
            return bytesOf("{}\n");
          }
        }),
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
        const reader = reads();
        for (const part of parts) {
          const had = reader.fault;
          const events = reader.push(part);
          if (had !== null) expect(events).toEqual([]);
          expect(reader.bufferBytes).toBeLessThanOrEqual(MAX_FRAME_BYTES);
        }
        if (reader.fault !== null) expect(reader.bufferBytes).toBe(0);
      }),
    );
  });

  test("merges the block over the data in the line", () => {
    const data = { language: "de", text: "Licht an" };
    const bytes = bytesOf(
      `${line({ type: "transcript", data: { text: "", x: 1 }, data_length: 35 })}${JSON.stringify(data)}`,
    );
    expect(readAll(bytes).events).toEqual([{ type: "transcript", data: { text: "Licht an", x: 1, language: "de" } }]);
  });

  test("skips payloads without keeping them", () => {
    const reader = reads();
    const payload = new Uint8Array(500_000);
    expect(reader.push(bytesOf(line({ type: "audio-chunk", payload_length: 2 * payload.length })))).toEqual([]);
    expect(reader.push(payload)).toEqual([]);
    expect(reader.bufferBytes).toBe(0);
    expect(reader.isWithinFrame).toBe(true);
    expect(parsed(reader.push(payload))).toEqual([{ type: "audio-chunk", data: {} }]);
    expect(reader.isWithinFrame).toBe(false);
  });

  test.each([
    ["a negative length", { data_length: -1 }, "length-not-valid"],
    ["a fractional length", { data_length: 1.5 }, "length-not-valid"],
    ["a length as text", { payload_length: "10" }, "length-not-valid"],
    ["a huge length", { payload_length: 1e300 }, "length-not-valid"],
    ["a length above the limit", { data_length: 2 ** 53 - 1 }, "frame-too-large"],
    ["two lengths above the limit together", { data_length: 600_000, payload_length: 600_000 }, "frame-too-large"],
    ["a block that leaves no room for its line", { data_length: MAX_FRAME_BYTES }, "frame-too-large"],
    ["data that is not an object", { data: [] }, "line-not-valid"],
    ["a type that is not a text", { type: 7 }, "line-not-valid"],
  ])("refuses %s before it reads on", (_name, fields, fault) => {
    const { reader, events } = readAll(
      bytesOf(`${line({ type: "ping" })}${line({ type: "x", ...fields })}${line({ type: "ping" })}`),
    );
    expect(reader.fault).toBe(fault);
    expect(events).toEqual([{ type: "ping", data: {} }]);
  });

  test.each(["\n", "7\n", "null\n", "[]\n", "{}\n", "GET / HTTP/1.1\r\n", '{"type":"ping"\n'])(
    "refuses the line %j",
    (text) => {
      expect(readAll(bytesOf(text)).reader.fault).toBe("line-not-valid");
    },
  );

  test("refuses bytes that are not UTF-8", () => {
    const broken = Buffer.concat([bytesOf('{"type":"'), Uint8Array.of(0xff, 0xfe), bytesOf('"}\n')]);
    expect(readAll(broken).reader.fault).toBe("line-not-valid");
  });

  test("finds blocks that are not objects when their data is read", () => {
    for (const json of ["[]", "{]", "17"]) {
      const { reader, events } = readAll(bytesOf(`${line({ type: "x", data_length: 2, data: { a: 1 } })}${json}`));
      expect(reader.fault).toBeNull();
      expect(events).toEqual([{ type: "x", data: null }]);
    }
  });

  const nested = (levels: number) => `{"x":${"[".repeat(levels - 1)}${"]".repeat(levels - 1)}}`;
  const many = (values: number) => `{"x":[${"{},".repeat(values)}1]}`;

  test.each([
    ["200 levels", nested(200), null],
    ["201 levels", nested(201), "frame-too-complex"],
    ["400,000 levels", nested(400_000), "frame-too-complex"],
    ["4,000 values", many(4000), null],
    ["100,000 values", many(100_000), "frame-too-complex"],
  ])("reads a line and a block of %s up to a limit", (_name, json, fault) => {
    const inLine = `{"type":"x",${json.slice(1)}\n`;
    expect(readAll(bytesOf(inLine)).reader.fault).toBe(fault);
    const inBlock = `${line({ type: "x", data_length: json.length })}${json}`;
    expect(readAll(bytesOf(inBlock)).reader.fault).toBe(fault);
  });

  test("keeps data as its bytes, and no more of them than its events count", () => {
    const block = many(3000);
    const data = JSON.parse(nested(100)) as object;
    const [event] = reads().push(bytesOf(`${line({ type: "x", data, data_length: block.length })}${block}`));
    const kept = event?.parts.reduce((sum, { json }) => sum + json.buffer.byteLength, 0) ?? 0;
    expect(kept).toBeGreaterThan(block.length);
    expect(kept).toBeLessThan(event?.bytes ?? 0);
    expect(Object.values(event ?? {}).map((value) => typeof value)).toEqual(["string", "object", "number"]);
  });

  test("counts the data of a line while its payload comes", () => {
    const reader = reads();
    reader.push(bytesOf(line({ type: "x", data: { text: "x".repeat(50_000) }, payload_length: 5 })));
    expect(reader.bufferBytes).toBeGreaterThan(50_000);
  });

  test("skips the data of events that nobody wants", () => {
    const reader = reads(false);
    const block = "[".repeat(300_000);
    const head = line({ type: "x", data: { a: 1 }, data_length: block.length, payload_length: 3 });
    for (const piece of [head, block.slice(0, 100_000), block.slice(100_000)]) {
      expect(reader.push(bytesOf(piece))).toEqual([]);
      expect(reader.bufferBytes).toBe(0);
    }
    expect(parsed(reader.push(bytesOf(`abc${line({ type: "y" })}`)))).toEqual([
      { type: "x", data: {} },
      { type: "y", data: {} },
    ]);
    expect(reader.fault).toBeNull();
  });

  test("ends a line that never ends at the limit", () => {
    const reader = reads();
    const piece = new Uint8Array(100_000).fill(32);
    let sent = 0;
    while (reader.fault === null && sent < 3 * MAX_FRAME_BYTES) {
      reader.push(piece);
      sent += piece.length;
    }
    expect(reader.fault).toBe("frame-too-large");
    expect(sent).toBeLessThan(MAX_FRAME_BYTES + 2 * piece.length);
    expect(reader.bufferBytes).toBe(0);
  });

  test("reads a frame of exactly the limit", () => {
    const head = (length: number) => line({ type: "transcript", data_length: length });
    const length = MAX_FRAME_BYTES - head(MAX_FRAME_BYTES - 100).length;
    const data = `${JSON.stringify({ text: "x".repeat(length - 11) })}`;
    const { reader, events } = readAll(bytesOf(head(length) + data), [3, 70_000, 500_000]);
    expect(reader.fault).toBeNull();
    expect(events).toHaveLength(1);
    expect(readAll(bytesOf(head(length + 1))).reader.fault).toBe("frame-too-large");
  });

  test("keys such as __proto__ are data like any other", () => {
    const { events } = readAll(bytesOf('{"type":"ping","data":{"__proto__":{"text":"x"}}}\n'));
    expect(events[0]?.data?.text).toBeUndefined();
    expect(Object.keys(events[0]?.data ?? {})).toEqual(["__proto__"]);
  });

  test("reads what the writer writes", () => {
    fc.assert(
      fc.property(fc.string(), block, (type, data) => {
        const { events } = readAll(writeFrame(type, data));
        expect(JSON.stringify(events)).toBe(JSON.stringify([{ type, data: JSON.parse(JSON.stringify(data)) }]));
      }),
    );
  });
});
