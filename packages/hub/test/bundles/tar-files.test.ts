import { type FileHandle, open } from "node:fs/promises";
import path from "node:path";
import { createTarPacker } from "modern-tar";
import { expect, test } from "vitest";
import { isPlainTar } from "../../src/bundles/plain-tar.js";
import { readTar } from "../../src/bundles/tar-reader.js";
import { TarWriter } from "../../src/bundles/tar-writer.js";
import { errorOf, noise, temporaryFolder, write } from "../store/store-fixture.js";
import { tarEntry } from "./tar-archive.js";

const LARGE = 9 * 2 ** 30;

async function firstEntry(archive: Uint8Array): Promise<{ name: string; bytes: number }> {
  const handle = await open(write(path.join(temporaryFolder(), "x.tar"), archive), "r");
  try {
    for await (const { name, bytes } of readTar(handle)) return { name, bytes };
    throw new Error("The archive has no entries.");
  } finally {
    await handle.close();
  }
}

test("entries above 8 GiB are read, with a base-256 size and with a pax header", async () => {
  expect(await firstEntry(tarEntry({ name: "x", size: LARGE }))).toEqual({ name: "x", bytes: LARGE });
  const packer = createTarPacker();
  const pieces: Uint8Array[] = [];
  const reader = packer.readable.getReader();
  packer.controller.add({ name: "x", size: LARGE, type: "file" });
  for (let blocks = 0; blocks < 3; blocks += 1) pieces.push((await reader.read()).value ?? new Uint8Array());
  // The header of the file follows the pax header, its body and the padding.
  pieces.push((await reader.read()).value ?? new Uint8Array());
  expect(await firstEntry(Buffer.concat(pieces))).toEqual({ name: "x", bytes: LARGE });
});

test("an archive above 8 GiB is plain, until a bit of its padding is not zero", async () => {
  const folder = temporaryFolder();
  const packer = createTarPacker();
  const reader = packer.readable.getReader();
  packer.controller.add({ name: "x", size: LARGE + 1, type: "file" });
  const pieces: Uint8Array[] = [];
  for (let blocks = 0; blocks < 4; blocks += 1) pieces.push((await reader.read()).value ?? new Uint8Array());
  const headers = [Buffer.concat(pieces), tarEntry({ name: "x", size: LARGE + 1 }).subarray(0, 512)];
  for (const [index, header] of headers.entries()) {
    const handle = await open(path.join(folder, String(index)), "w+");
    try {
      await handle.write(header, 0, header.length, 0);
      // The body is a hole in the file.
      await handle.truncate(header.length + LARGE + 512 + 1_024);
      expect(await isPlainTar(handle)).toBe(true);
      await handle.write(Buffer.from([16]), 0, 1, header.length + LARGE + 300);
      expect(await isPlainTar(handle)).toBe(false);
    } finally {
      await handle.close();
    }
  }
});

test("long names and bodies of any length are read as they were written", async () => {
  const folder = temporaryFolder();
  const bodies = [0, 1, 511, 512, 513, 1_048_576, 1_048_577, 3_000_000].map((bytes) => noise(bytes + 4));
  const output = await open(path.join(folder, "x.tar"), "w+");
  try {
    const tar = await TarWriter.open(output);
    for (const [index, body] of bodies.entries()) {
      const file = write(path.join(folder, "body"), body);
      const seen: Buffer[] = [];
      await tar.addFile(nameOf(index), file, body.length, (piece) => seen.push(Buffer.from(piece)));
      expect(Buffer.concat(seen).equals(body)).toBe(true);
    }
    expect(await tar.finish()).toBe((await output.stat()).size);
    const entries = await readAll(output);
    expect(entries.map(([name]) => name)).toEqual(bodies.map((_, index) => nameOf(index)));
    expect(entries.every(([, body], index) => body.equals(bodies[index] ?? Buffer.alloc(0)))).toBe(true);
  } finally {
    await output.close();
  }
});

const nameOf = (index: number) => `${"folder/".repeat(index * 6)}${index}.gguf`;

async function readAll(handle: FileHandle): Promise<[string, Buffer][]> {
  const entries: [string, Buffer][] = [];
  for await (const { name, body } of readTar(handle)) {
    const pieces: Uint8Array[] = [];
    for await (const piece of body) pieces.push(piece);
    entries.push([name, Buffer.concat(pieces)]);
  }
  return entries;
}

test("an error of the disk ends the writing with that error", async () => {
  const folder = temporaryFolder();
  const file = write(path.join(folder, "body"), noise(20_000_000));
  // A file that is open for reading alone cannot be written.
  const output = await open(write(path.join(folder, "x.tar"), ""), "r");
  try {
    const tar = await TarWriter.open(output);
    expect(await errorOf(tar.addFile("x", file, 20_000_000, () => {}))).toMatchObject({ code: "EBADF" });
  } finally {
    await output.close();
  }
});

test("a file that became shorter is not padded", async () => {
  const folder = temporaryFolder();
  const file = write(path.join(folder, "body"), noise(1_000));
  const output = await open(path.join(folder, "x.tar"), "w");
  try {
    const tar = await TarWriter.open(output);
    expect((await errorOf(tar.addFile("x", file, 2_000, () => {}))).message).toContain("became shorter");
  } finally {
    await output.close();
  }
});
