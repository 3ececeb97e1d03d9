import { afterEach, expect, test, vi } from "vitest";
import { crc32 } from "../../src/files/crc32.js";

afterEach(() => {
  vi.doUnmock("node:zlib");
  vi.resetModules();
});

test("is the CRC-32 of zip and PNG, and continues a previous value", () => {
  expect(crc32(Buffer.from("123456789"))).toBe(0xcbf43926);
  expect(crc32(Buffer.from("6789"), crc32(Buffer.from("12345")))).toBe(0xcbf43926);
});

test("a Node without it can import the module, and gets an error with the required version on use", async () => {
  vi.resetModules();
  vi.doMock("node:zlib", () => ({ default: {} }));
  const old = await import("../../src/files/crc32.js");
  expect(() => old.crc32(Buffer.from("a"))).toThrow(
    expect.objectContaining({
      code: "node-too-old",
      message: `nanoagent needs Node 20.19 or newer 20, or Node 22.12 or newer; this is Node ${process.versions.node}.`,
    }),
  );
});
