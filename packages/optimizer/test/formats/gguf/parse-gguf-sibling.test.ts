import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type WritableGguf, type WritableValue, writeGgufHeader } from "../../../src/formats/gguf/write-gguf.js";
import { type GgufHeader, parseGguf, parseGgufSibling, siblingRanges } from "../../../src/index.js";
import type { TinyGgufOptions } from "../../../src/testing/index.js";
import { tinyGguf } from "../../../src/testing/tiny-gguf.js";
import { MemorySource } from "../../memory-source.js";
import { mutate, mutationSteps } from "../mutate.js";

// The metadata are longer than the beginning and the searched part together.
const large: TinyGgufOptions = { vocabularySize: 8000, layerCount: 12 };

const wholeHeader = (contents: WritableGguf, path = "model.gguf"): Promise<GgufHeader> => {
  const { bytes, fileBytes } = writeGgufHeader(contents);
  return parseGguf(path, new MemorySource(bytes, fileBytes));
};

/** Returns the header as read from pieces of a file, and the number of bytes in them. */
async function fromPieces(known: GgufHeader, contents: WritableGguf, path = "model.gguf") {
  const { bytes, fileBytes } = writeGgufHeader(contents);
  const pieces = siblingRanges(known, fileBytes).map(({ from, to }) => ({
    offset: from,
    bytes: bytes.subarray(from, to),
  }));
  const pieceBytes = pieces.reduce((sum, piece) => sum + piece.bytes.length, 0);
  return { header: await parseGgufSibling(known, path, { fileBytes, pieces }), pieceBytes };
}

const withMetadata = (contents: WritableGguf, changes: Record<string, WritableValue>): WritableGguf => ({
  ...contents,
  metadata: { ...contents.metadata, ...changes },
});
const text = (value: string): WritableValue => ({ type: "text", value });
const uint32 = (value: number): WritableValue => ({ type: "uint32", value });

const f16 = tinyGguf({ ...large, weightType: "f16" });
const known = await wholeHeader(f16);

describe("the header of another quantization from pieces", () => {
  it.each(["f32", "q8_0", "q4_0"])("is that of the whole file: %s", async (weightType) => {
    const sibling = tinyGguf({ ...large, weightType });
    const { header, pieceBytes } = await fromPieces(known, sibling, "other.gguf");
    expect(header).toEqual(await wholeHeader(sibling, "other.gguf"));
    expect(siblingRanges(known, header?.file_bytes ?? 0)).toHaveLength(2);
    expect(pieceBytes).toBeLessThan(known.table_offset);
    expect(pieceBytes).toBeLessThan(300_000);
  });

  it.each<[name: string, options: TinyGgufOptions]>([
    ["big-endian", { ...large, byteOrder: "big" }],
    ["version 2", { ...large, version: 2 }],
    ["no template", { ...large, chatTemplate: null }],
    ["metadata shorter than the searched part", { layerCount: 1 }],
    ["biases", { ...large, architecture: "qwen2" }],
    ["an output matrix", { ...large, tiedEmbeddings: false }],
  ])("works for a model with %s", async (_name, options) => {
    const sibling = tinyGguf({ ...options, weightType: "q8_0" });
    const { header } = await fromPieces(await wholeHeader(tinyGguf({ ...options, weightType: "f16" })), sibling);
    expect(header).not.toBeNull();
    expect(header).toEqual(await wholeHeader(sibling));
  });

  it.each([-20_000, -1, 1, 5000, 60_000])("is found if its metadata are %i bytes longer", async (difference) => {
    const padded = (bytes: number) => withMetadata(f16, { "general.description": text("x".repeat(bytes)) });
    // In a file, the description is behind the tokenizer, as `quantize.*` is.
    const reference = await wholeHeader(padded(30_000));
    const sibling = withMetadata(padded(30_000 + difference), { "general.file_type": uint32(7) });
    const { header } = await fromPieces(reference, sibling);
    expect(header).not.toBeNull();
    expect(header).toEqual(await wholeHeader(sibling));
  });

  it("does not depend on the order of the tensors", async () => {
    const sibling = { ...f16, tensors: f16.tensors.toReversed() };
    const { header } = await fromPieces(known, sibling);
    expect(header).not.toBeNull();
    expect(header).toEqual(await wholeHeader(sibling));
  });

  it("has the templates by name", async () => {
    const named = withMetadata(f16, { "tokenizer.chat_template.tool_use": text("{{ tools }}") });
    const { header } = await fromPieces(await wholeHeader(named), named);
    expect(header?.tokenizer.named_chat_templates).toEqual({ tool_use: "{{ tools }}" });
  });
});

describe("a file that is not the same model", () => {
  it.each<[name: string, contents: WritableGguf]>([
    ["another context", tinyGguf({ ...large, contextTokens: 1024 })],
    ["another architecture", tinyGguf({ ...large, architecture: "qwen3" })],
    ["another name", withMetadata(f16, { "general.name": text("Other") })],
    ["another template", tinyGguf({ ...large, chatTemplate: "{{ messages }}" })],
    ["no template", tinyGguf({ ...large, chatTemplate: null })],
    ["a further template", withMetadata(f16, { "tokenizer.chat_template.rag": text("{{ documents }}") })],
    ["more tensors", tinyGguf({ ...large, tiedEmbeddings: false })],
    ["other shapes", tinyGguf({ ...large, feedForwardLength: 160 })],
    ["the other byte order", tinyGguf({ ...large, byteOrder: "big" })],
    ["another version", tinyGguf({ ...large, version: 2 })],
    ["another alignment", withMetadata(f16, { "general.alignment": uint32(4096) })],
    ["metadata that are far longer", withMetadata(f16, { "general.description": text("x".repeat(200_000)) })],
  ])("is not found: %s", async (_name, contents) => {
    expect((await fromPieces(known, contents)).header).toBeNull();
  });

  it("is not found if the file is longer or shorter than its tensors", async () => {
    const { bytes, fileBytes } = writeGgufHeader(f16);
    for (const [size, isFound] of [
      [fileBytes, true],
      [fileBytes - 1, false],
      [fileBytes + 32, false],
    ] as const) {
      const pieces = siblingRanges(known, size).map(({ from, to }) => ({
        offset: from,
        bytes: bytes.subarray(from, to),
      }));
      expect((await parseGgufSibling(known, "model.gguf", { fileBytes: size, pieces })) !== null).toBe(isFound);
    }
  });

  it("is not found without pieces, or with empty ones", async () => {
    const empty = { offset: 0, bytes: new Uint8Array() };
    expect(siblingRanges(known, 1000)).toEqual([]);
    for (const pieces of [[], [empty]]) {
      expect(await parseGgufSibling(known, "model.gguf", { fileBytes: 1000, pieces })).toBeNull();
    }
  });
});

it("returns the true header or null for mutated pieces", async () => {
  const small = tinyGguf({ vocabularySize: 260, layerCount: 1 });
  const reference = await wholeHeader(small);
  const { bytes, fileBytes } = writeGgufHeader(small);
  const outcomes = { found: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(mutationSteps, async (steps) => {
      const pieces = [{ offset: 0, bytes: mutate(bytes, steps) }];
      const header = await parseGgufSibling(reference, "model.gguf", { fileBytes, pieces });
      outcomes[header === null ? "refused" : "found"]++;
      if (header === null) return;
      const shapes = ({ tensors }: GgufHeader) => tensors.map(({ name, shape }) => [name, shape]);
      expect(shapes(header)).toEqual(shapes(reference));
      const end = Math.max(...header.tensors.map(({ offset, bytes }) => offset + bytes));
      expect(end).toBeLessThanOrEqual(fileBytes);
      expect(fileBytes - end).toBeLessThan(header.alignment_bytes);
    }),
    { numRuns: 2000 },
  );
  expect(outcomes.found).toBeGreaterThan(0);
  expect(outcomes.refused).toBeGreaterThan(100);
});
