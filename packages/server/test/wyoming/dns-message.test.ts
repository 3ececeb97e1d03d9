import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addressData, asLabel, nameData, readQuery, recordTypes, writeAnswer } from "../../src/wyoming/dns-message.js";

const header = (questions: number, flags = 0) => [0, 7, flags, 0, 0, questions, 0, 0, 0, 0, 0, 0];
const end = (type: number) => [0, type, 0, 1];

describe("queries of the local network", () => {
  test("have names, also compressed ones", () => {
    const name = [...nameData("_wyoming._tcp.local")];
    const bytes = [...header(2), ...name, ...end(12), 5, ...Buffer.from("house"), 0xc0, 12, ...end(33)];
    expect(readQuery(Uint8Array.from(bytes))).toEqual({
      id: 7,
      questions: [
        { name: "_wyoming._tcp.local", type: recordTypes.PTR },
        { name: "house._wyoming._tcp.local", type: recordTypes.SRV },
      ],
    });
  });

  test.each([
    ["an answer", [...header(0, 0x84)]],
    ["a short message", [0, 0, 0]],
    ["a name that points to itself", [...header(1), 0xc0, 12, ...end(12)]],
    ["a name that points forward", [...header(1), 0xc0, 20, ...end(12), 0, 0, 0, 0, 0, 0]],
    ["a label beyond the end", [...header(1), 60, 1, 2]],
    ["a label that is too long", [...header(1), 64, ...Array<number>(64).fill(65), 0, ...end(12)]],
    [
      "a name that is too long",
      [...header(1), ...Array.from({ length: 10 }, () => [60, ...Array<number>(60).fill(65)]).flat(), 0, ...end(12)],
    ],
    ["no place for the type", [...header(1), 0, 0]],
    ["more questions than there are", [...header(3), 0, ...end(12)]],
    ["very many questions", [...header(200)]],
  ])("%s is not one", (_name, bytes) => {
    expect(readQuery(Uint8Array.from(bytes))).toBeNull();
  });

  test("are read from any bytes without an error", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.integer({ min: 0, max: 33 }), (bytes, count) => {
        readQuery(bytes);
        readQuery(Uint8Array.from([...header(count), ...bytes]));
      }),
    );
  });

  test("answers to them are not queries", () => {
    const record = {
      name: "a.local",
      type: recordTypes.A,
      data: addressData("10.0.0.1"),
      isUnique: true,
      seconds: 120,
    };
    expect(readQuery(writeAnswer([record]))).toBeNull();
  });
});

test.each([
  ["10.0.0.255", [10, 0, 0, 255]],
  ["::1", [...Array<number>(15).fill(0), 1]],
  ["fd00::2:3", [0xfd, ...Array<number>(12).fill(0), 2, 0, 3]],
  ["2001:db8:1:2:3:4:5:6", [0x20, 1, 0xd, 0xb8, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6]],
])("the address %s has the bytes %j", (address, bytes) => {
  expect([...addressData(address)]).toEqual(bytes);
});

test("a label keeps its dots, and whole characters within 63 bytes", () => {
  expect([...nameData(`${asLabel("a.b")}.local`)]).toEqual([3, 97, 46, 98, 5, ...Buffer.from("local"), 0]);
  const long = nameData(asLabel("ä".repeat(100)));
  expect(long[0]).toBe(62);
});
