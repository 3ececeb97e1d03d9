import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findLlamaAddon } from "../../../../src/engines/llama/find-llama-addon.js";
import { type ElfReading, readElf } from "../../../../src/engines/llama/native-library/read-elf.js";
import { readElfFile } from "../../../../src/engines/llama/native-library/read-elf-file.js";
import { readNativeFiles } from "../../../../src/engines/llama/native-library/read-native-files.js";
import { hasAddon } from "../tiny-model.js";
import { buildElf, type ElfParts } from "./build-elf.js";

/** Reads a file in memory, and fails after more than this number of reads. */
function read(file: Uint8Array, mostReads = 20_000): ElfReading {
  let reads = 0;
  return readElf({
    length: file.length,
    read: (offset, target) => {
      reads += 1;
      if (reads > mostReads) expect.fail(`${reads} reads`);
      const piece = file.subarray(offset, offset + target.length);
      target.set(piece);
      return piece.length;
    },
  });
}

const library: ElfParts = {
  interpreter: "/lib64/ld-linux-x86-64.so.2",
  neededLibraries: ["libstdc++.so.6", "libc.so.6"],
  neededVersions: { "libc.so.6": ["GLIBC_2.34", "GLIBC_2.36?", "GLIBC_2.4"], "libstdc++.so.6": ["GLIBCXX_3.4.30"] },
  definedVersions: ["LLAMA_1", "LLAMA_2"],
};

describe("an ELF file", () => {
  test.each([
    [64, "little", 62],
    [64, "big", 22],
    [32, "little", 40],
    [32, "big", 8],
  ] as const)("of %i bits, %s endian, for machine %i, is read", (bits, byteOrder, machine) => {
    expect(read(buildElf({ ...library, bits, byteOrder, machine }), 10)).toEqual({
      status: "read",
      elf: {
        bits,
        byteOrder,
        machine,
        interpreter: "/lib64/ld-linux-x86-64.so.2",
        neededLibraries: ["libstdc++.so.6", "libc.so.6"],
        neededVersions: [
          { library: "libc.so.6", version: "GLIBC_2.34" },
          { library: "libc.so.6", version: "GLIBC_2.4" },
          { library: "libstdc++.so.6", version: "GLIBCXX_3.4.30" },
        ],
        definedVersions: ["LLAMA_1", "LLAMA_2"],
      },
    });
  });

  test("without a dynamic section needs nothing", () => {
    const file = buildElf();
    // The dynamic section's segment gets a type that is ignored.
    file[64 + 56] = 7;
    expect(read(file)).toMatchObject({ status: "read", elf: { interpreter: null, neededLibraries: [] } });
  });

  test("may consist only of a header", () => {
    const header = buildElf({ machine: 183 }).slice(0, 64);
    header[56] = 0;
    expect(read(header)).toMatchObject({ status: "read", elf: { bits: 64, machine: 183 } });
  });
});

describe("a damaged file is rejected", () => {
  const file = buildElf(library);
  const edited = (edit: (view: DataView) => void) => {
    const copy = file.slice();
    edit(new DataView(copy.buffer));
    return copy;
  };
  const programHeader = (index: number) => 64 + 56 * index;

  test.each<[string, Uint8Array, RegExp]>([
    ["empty", new Uint8Array(), /^has 0 bytes, too few for an ELF header$/],
    ["a script", new Uint8Array(Buffer.from("#!/bin/sh\n".repeat(20))), /^is not an ELF file$/],
    ["of an unknown class", edited((view) => view.setUint8(4, 9)), /unknown ELF class/],
    ["of an unknown byte order", edited((view) => view.setUint8(5, 0)), /byte order/],
    ["truncated in the header", file.slice(0, 60), /^ends before byte 0,/],
    ["truncated in the program headers", file.slice(0, 100), /^ends before byte/],
    [
      "truncated in its data",
      file.slice(0, 4200),
      /^is truncated: it has 4200 bytes, but its headers require at least \d+$/,
    ],
    ["with 65,535 program headers", edited((view) => view.setUint16(56, 0xffff, true)), /^has 65535 program headers$/],
    ["with short program headers", edited((view) => view.setUint16(54, 8, true)), /program headers of 8 bytes/],
    ["with program headers far away", edited((view) => view.setBigUint64(32, 2n ** 63n, true)), /^ends before byte/],
    [
      "with a segment far away",
      edited((view) => view.setBigUint64(programHeader(1) + 8, 2n ** 64n - 1n, true)),
      /^is truncated/,
    ],
    [
      "without data at the place of its tables",
      edited((view) => view.setBigUint64(programHeader(1) + 16, 2n ** 40n, true)),
      /which is not loaded$/,
    ],
    [
      "with a name that never ends",
      edited((view) => new Uint8Array(view.buffer).fill(65, 4096, 4600)),
      /unterminated name/,
    ],
  ])("%s", (_, damaged, reason) => {
    expect(read(damaged)).toEqual({ status: "damaged", reason: expect.stringMatching(reason) });
  });

  test("with more version records than any library", () => {
    const versions = Array.from({ length: 2500 }, () => "GLIBC_2.34");
    expect(read(buildElf({ neededVersions: { "libc.so.6": versions } }))).toEqual({
      status: "damaged",
      reason: "has more than 2048 version records",
    });
  });

  test("that shrinks while it is read", () => {
    expect(readElf({ length: 4096, read: () => 10 })).toEqual({
      status: "damaged",
      reason: "shrank while it was read",
    });
  });

  test("with any change is read or rejected, with a limited number of reads", () => {
    const change = fc.tuple(
      fc.oneof(fc.nat(220), fc.integer({ min: 4096, max: file.length - 1 })),
      fc.oneof(fc.constantFrom(0, 1, 2, 0x7f, 0xff), fc.nat(255)),
    );
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 24 }), fc.nat(file.length), (changes, cut) => {
        const hostile = file.slice(0, cut % 3 === 0 ? cut : file.length);
        for (const [at, value] of changes) if (at < hostile.length) hostile[at] = value;
        const reading = read(hostile);
        if (reading.status === "damaged") expect(reading.reason).toMatch(/^\S/);
        else expect(reading.elf.neededVersions.length).toBeLessThanOrEqual(2048);
      }),
      { numRuns: process.env.NANOAGENT_SOAK ? 50_000 : 3000 },
    );
  });

  test("with any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.boolean(), (bytes, hasMagic) => {
        if (hasMagic) bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1].slice(0, bytes.length));
        expect(["read", "damaged"]).toContain(read(bytes).status);
      }),
    );
  });
});

describe("files of the system", () => {
  test.skipIf(process.platform !== "linux")("Node's own program is read in a few kilobytes", () => {
    const reading = readElfFile(process.execPath);
    expect(reading).toMatchObject({ status: "read", elf: { interpreter: expect.stringMatching(/\/ld-/) } });
  });

  test.each([
    ["/nowhere/llama-addon.node", "is missing"],
    ["/", "is not a regular file"],
  ])("%s is not read", (file, reason) => {
    expect(readElfFile(file)).toEqual({ status: "unreadable", reason });
  });

  const hasReadelf = () => {
    try {
      execFileSync("readelf", ["--version"]);
      return true;
    } catch {
      return false;
    }
  };

  test.skipIf(!hasAddon || process.platform !== "linux" || !hasReadelf())(
    "llama.cpp's files give the same result as binutils (needs readelf)",
    async () => {
      const folder = await findLlamaAddon();
      for (const { name, reading } of await readNativeFiles(folder)) {
        const printed = execFileSync("readelf", ["--wide", "--version-info", "--dynamic", `${folder}/${name}`], {
          encoding: "utf8",
        });
        const elf = reading.status === "read" ? reading.elf : expect.fail(`${name} ${reading.reason}`);
        const versions = [...printed.matchAll(/Name: (\S+) +Flags: none/g)].map(([, version]) => version);
        expect(elf.neededVersions.map(({ version }) => version)).toEqual(versions);
        const libraries = [...printed.matchAll(/\(NEEDED\).*\[(.*)\]/g)].map(([, library]) => library);
        expect(elf.neededLibraries).toEqual(libraries);
      }
    },
  );

  test.skipIf(!hasAddon || process.platform !== "linux")("a truncated real library is detected", async () => {
    const whole = readFileSync(`${await findLlamaAddon()}/llama-addon.node`);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), (length) => {
        const { status } = read(whole.subarray(0, length));
        // The end of the file is a table that loaders do not read.
        if (length < whole.length - 4096) expect(status).toBe("damaged");
      }),
      { numRuns: 50 },
    );
  });
});
