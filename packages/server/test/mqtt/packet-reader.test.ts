import fc from "fast-check";
import { generate, type Packet } from "mqtt-packet";
import { describe, expect, test } from "vitest";
import { MAX_PACKET_BYTES, PacketReader } from "../../src/mqtt/packet-reader.js";
import type { ProtocolVersion } from "../../src/mqtt/protocol-version.js";

/** Reads pieces of bytes. Returns the packets, and whether there was a fault. */
function read(version: ProtocolVersion, pieces: readonly Uint8Array[]) {
  const reader = new PacketReader(version);
  const packets = [];
  for (const piece of pieces) {
    reader.push(piece);
    for (let packet = reader.next(); packet !== null; packet = reader.next()) packets.push(packet);
  }
  return { packets, hasFault: reader.hasFault };
}

/** Cuts bytes into pieces of the given sizes, again and again. */
function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0, next = 0; at < bytes.length; next++) {
    const size = sizes[next % sizes.length] ?? bytes.length;
    pieces.push(bytes.slice(at, at + size));
    at += size;
  }
  return pieces;
}

function encode(version: ProtocolVersion, packets: readonly Packet[]): Uint8Array {
  return new Uint8Array(Buffer.concat(packets.map((packet) => generate(packet, { protocolVersion: version }))));
}

const id = fc.integer({ min: 1, max: 65_535 });
const publish: fc.Arbitrary<Packet> = fc
  .record({
    topic: fc.constantFrom("a", "garden/bed-1/moisture", "ä/ö"),
    payload: fc.uint8Array({ maxLength: 3000 }),
    qos: fc.constantFrom(0, 1, 2),
    messageId: id,
    retain: fc.boolean(),
  })
  .map(({ payload, qos, ...parts }) => ({
    cmd: "publish",
    dup: false,
    qos: qos as 0 | 1 | 2,
    payload: Buffer.from(payload),
    ...parts,
  }));
const packet = fc.oneof(
  publish,
  id.map((messageId): Packet => ({ cmd: "puback", messageId, reasonCode: 0 })),
  fc.constant<Packet>({ cmd: "pingresp" }),
  id.map((messageId): Packet => ({ cmd: "suback", messageId, granted: [1, 0, 128] })),
);
const versions = fc.constantFrom<ProtocolVersion>(4, 5);
const sizes = fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 5 });

describe("packets", () => {
  test("are the same however their bytes are cut", () => {
    fc.assert(
      fc.property(versions, fc.array(packet, { maxLength: 8 }), sizes, (version, packets, pieces) => {
        const bytes = encode(version, packets);
        const whole = read(version, [bytes]);
        expect(whole.hasFault).toBe(false);
        expect(whole.packets.map(({ kind }) => kind)).toEqual(packets.map(({ cmd }) => cmd));
        expect(read(version, cut(bytes, pieces))).toEqual(whole);
      }),
      { numRuns: 300 },
    );
  });

  test("keep the content of a message", () => {
    const properties = { responseTopic: "reply/1", correlationData: Buffer.from([1, 2]) };
    const parts = {
      qos: 1,
      messageId: 7,
      dup: true,
      retain: true,
      topic: "a/b",
      payload: Buffer.from("23.5"),
    } as const;
    const { packets } = read(5, [encode(5, [{ cmd: "publish", ...parts, properties }])]);
    expect(packets).toEqual([
      {
        kind: "publish",
        qos: 1,
        id: 7,
        isRepeated: true,
        topic: "a/b",
        payload: new TextEncoder().encode("23.5"),
        retain: true,
        responseTopic: "reply/1",
        correlationData: Uint8Array.of(1, 2),
      },
    ]);
  });

  test("do not share memory with the bytes that they came in", () => {
    const bytes = encode(4, [{ cmd: "publish", dup: false, retain: false, qos: 0, topic: "a", payload: "text" }]);
    const { packets } = read(4, [bytes]);
    bytes.fill(0);
    expect(packets[0]).toMatchObject({ payload: new TextEncoder().encode("text") });
  });

  test("tell the limits of a broker", () => {
    const properties = { receiveMaximum: 10, maximumPacketSize: 1000, serverKeepAlive: 20, retainAvailable: false };
    const reply = { cmd: "connack", sessionPresent: true, reasonCode: 0, properties } as const;
    expect(read(5, [encode(5, [reply])]).packets).toEqual([
      {
        kind: "connack",
        code: 0,
        isSessionPresent: true,
        receiveMaximum: 10,
        maximumPacketBytes: 1000,
        keepAliveSeconds: 20,
        canRetain: false,
        maximumQos: 2,
      },
    ]);
  });

  test("a broker of 3.1.1 refuses a client of 5", () => {
    expect(read(5, [Uint8Array.of(0x20, 2, 0, 1)]).packets).toMatchObject([{ kind: "connack", code: 1 }]);
  });
});

describe("codes of MQTT 5", () => {
  test.each([
    ["puback", 0x40],
    ["pubrec", 0x50],
    ["pubrel", 0x62],
    ["pubcomp", 0x70],
  ])("every code of a %s is read, also one that the library does not know", (kind, head) => {
    for (let code = 0; code < 256; code++) {
      expect(read(5, [Uint8Array.of(head, 3, 1, 2, code)])).toEqual({
        packets: [{ kind, id: 0x102, code }],
        hasFault: false,
      });
    }
  });

  test("the reply to a subscription refuses with any code from 128 on, in both versions", () => {
    for (const version of [4, 5] as const) {
      for (const code of [0, 1, 2, 0x80, 0x8a, 0x95, 0xff]) {
        const bytes = version === 5 ? [0x90, 4, 0, 7, 0, code] : [0x90, 3, 0, 7, code];
        expect(read(version, [Uint8Array.from(bytes)]).packets).toEqual([{ kind: "suback", id: 7, codes: [code] }]);
      }
    }
    expect(read(5, [Uint8Array.of(0xb0, 5, 0, 7, 0, 0x11, 0xff)]).packets).toEqual([
      { kind: "unsuback", id: 7, codes: [0x11, 0xff] },
    ]);
  });

  test("every code with which the broker ends the connection is read", () => {
    for (const code of [0, 0x8a, 0x95, 0xff])
      expect(read(5, [Uint8Array.of(0xe0, 1, code)]).packets).toEqual([{ kind: "disconnect", code }]);
    expect(read(5, [Uint8Array.of(0xe0, 0)]).packets).toEqual([{ kind: "disconnect", code: 0 }]);
  });

  test("the properties beside a code are skipped", () => {
    const properties = { reasonString: "because", userProperties: { limit: "2000", text: "x".repeat(200) } };
    const packets: Packet[] = [
      { cmd: "puback", messageId: 258, reasonCode: 0x97, properties },
      { cmd: "suback", messageId: 7, granted: [1, 0x87], properties },
      { cmd: "unsuback", messageId: 8, granted: [0, 0x11], properties },
      { cmd: "disconnect", reasonCode: 0x8b, properties },
    ];
    expect(read(5, [encode(5, packets)])).toEqual({
      packets: [
        { kind: "puback", id: 258, code: 0x97 },
        { kind: "suback", id: 7, codes: [1, 0x87] },
        { kind: "unsuback", id: 8, codes: [0, 0x11] },
        { kind: "disconnect", code: 0x8b },
      ],
      hasFault: false,
    });
  });

  test.each([
    ["properties that lead beyond an acknowledgement", [0x40, 4, 0, 1, 0x95, 1]],
    ["properties whose length has no end", [0x40, 4, 0, 1, 0x95, 0x80]],
    ["properties whose length has five bytes", [0x40, 8, 0, 1, 0x95, 0x80, 0x80, 0x80, 0x80, 0]],
    ["properties that lead beyond the codes of filters", [0x90, 4, 0, 1, 2, 1]],
    ["a filter at QoS 3", [0x90, 4, 0, 1, 0, 3]],
    ["properties that lead beyond an end", [0xe0, 2, 0, 9]],
    ["a confirmation of the number 0", [0x40, 3, 0, 0, 0x95]],
    ["an empty list of codes without a number", [0x90, 1, 0]],
  ])("%s is a fault", (_, bytes) => {
    expect(read(5, [Uint8Array.from(bytes)])).toEqual({ packets: [], hasFault: true });
  });
});

describe("hostile bytes", () => {
  test("never throw, and end in a fault or in packets", () => {
    fc.assert(
      fc.property(versions, fc.uint8Array({ maxLength: 200 }), sizes, (version, bytes, pieces) => {
        const whole = read(version, [bytes]);
        expect(read(version, cut(bytes, pieces))).toEqual(whole);
      }),
      { numRuns: 3000 },
    );
  });

  test("damaged packets never throw", () => {
    const damage = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(versions, packet, fc.array(damage, { maxLength: 4 }), (version, one, damages) => {
        const bytes = encode(version, [one]);
        for (const [place, byte] of damages) bytes[place % bytes.length] = byte;
        expect(() => read(version, [bytes])).not.toThrow();
      }),
      { numRuns: 3000 },
    );
  });

  test.each([
    ["an unknown kind", [0x00, 0]],
    ["a packet that only clients send", [0x10, 0]],
    ["an AUTH that was not asked for", [0xf0, 0]],
    ["a length of five bytes", [0x30, 0xff, 0xff, 0xff, 0xff, 1]],
    ["flags that are reserved", [0x41, 2, 0, 1]],
    ["a message at QoS 3", [0x36, 5, 0, 1, 97, 0, 1]],
    ["the number 0", [0x40, 2, 0, 0]],
    ["an acknowledgement without a number", [0x40, 0]],
    ["an acknowledgement with half a number", [0x40, 1, 0]],
    ["a topic that is longer than its packet", [0x30, 4, 0, 9, 97, 98]],
    ["a topic with a wildcard", [0x30, 3, 0, 1, 35]],
    ["an empty topic", [0x30, 2, 0, 0]],
    ["an empty CONNACK", [0x20, 0]],
    ["a large packet that is not a message", [0x90, 0xff, 0xff, 0xff, 0x7f]],
  ])("%s is a fault", (_, bytes) => {
    expect(read(4, [Uint8Array.from(bytes)])).toEqual({ packets: [], hasFault: true });
  });

  test("nothing is read after a fault", () => {
    expect(read(4, [Uint8Array.of(0, 0), Uint8Array.of(0xd0, 0)])).toEqual({ packets: [], hasFault: true });
  });
});

describe("large messages", () => {
  test.each([1, 1000, 70_000])("are skipped in pieces of %i bytes or more", (size) => {
    const payload = Buffer.alloc(MAX_PACKET_BYTES + (size === 1 ? 1 : 500_000));
    const large = {
      cmd: "publish",
      qos: 1,
      messageId: 9,
      dup: false,
      retain: false,
      topic: "pictures/1",
      payload,
    } as const;
    const bytes = encode(4, [large, { cmd: "pingresp" }]);
    const { packets, hasFault } = read(4, cut(bytes, size === 1 ? [1, 7, 4000] : [size]));
    expect(hasFault).toBe(false);
    expect(packets).toEqual([
      { kind: "skipped", topic: "pictures/1", qos: 1, id: 9, bytes: payload.length + 14 },
      { kind: "pingresp" },
    ]);
  });

  test("up to the limit are read", () => {
    const payload = Buffer.alloc(MAX_PACKET_BYTES - 3);
    const { packets } = read(
      4,
      cut(encode(4, [{ cmd: "publish", qos: 0, dup: false, retain: false, topic: "a", payload }]), [3000]),
    );
    expect(packets).toMatchObject([{ kind: "publish", topic: "a" }]);
  });
});
