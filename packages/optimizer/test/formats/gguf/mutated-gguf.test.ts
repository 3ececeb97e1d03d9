import { MemoryLedger, ModelSummary } from "@nanoagent/models";
import fc from "fast-check";
import { expect, it } from "vitest";
import { memoryLedger } from "../../../src/fit/memory-ledger.js";
import { parseGguf } from "../../../src/formats/gguf/parse-gguf.js";
import { summarizeGguf } from "../../../src/formats/gguf/summarize-gguf.js";
import { InvalidModelFileError } from "../../../src/formats/invalid-model-file-error.js";
import { buildTinyGguf } from "../../../src/testing/index.js";
import { MemorySource } from "../../memory-source.js";

const MUTATED_FILES = process.env.NANOAGENT_SOAK ? 300_000 : 30_000;
const MOST_MILLISECONDS = 100;

const small = { layerCount: 1, embeddingLength: 32, headCount: 2, kvHeadCount: 1, feedForwardLength: 32 } as const;
const originals = [
  buildTinyGguf({ ...small, vocabularySize: 260, weightType: "f16" }),
  buildTinyGguf({ ...small, architecture: "qwen2", weightType: "q8_0", vocabularySize: 259, byteOrder: "big" }),
  buildTinyGguf({ ...small, architecture: "qwen3", weightType: "q4_0", vocabularySize: 270, version: 2 }),
];

/** Lengths and counts that have made readers overflow, at the places where they are most likely to be read as such. */
const INTERESTING = [
  0n,
  1n,
  31n,
  255n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 53n,
  2n ** 62n,
  2n ** 63n,
  2n ** 64n - 1n,
];

type Mutation = (bytes: Uint8Array, place: number, value: number) => Uint8Array;

const mutations: readonly Mutation[] = [
  (bytes, place, value) => changed(bytes, (copy) => copy.set([(copy[place] ?? 0) ^ (1 << (value % 8))], place)),
  (bytes, place, value) => changed(bytes, (copy) => copy.set([value], place)),
  (bytes, place, value) =>
    changed(bytes, (copy) => {
      if (place + 8 > copy.length) return;
      const interesting = INTERESTING[value % INTERESTING.length] ?? 0n;
      new DataView(copy.buffer).setBigUint64(place, interesting, value % 2 === 0);
    }),
  (bytes, place, value) =>
    Buffer.concat([bytes.subarray(0, place), Buffer.alloc(1 + (value % 16), value), bytes.subarray(place)]),
  (bytes, place, value) => Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + 1 + (value % 64))]),
  (bytes, place) => bytes.subarray(0, place),
  (bytes, place, value) =>
    Buffer.concat([bytes.subarray(0, place), bytes.subarray(Math.max(0, place - value)), bytes.subarray(place)]),
];

function changed(bytes: Uint8Array, change: (copy: Uint8Array) => void): Uint8Array {
  const copy = Uint8Array.from(bytes);
  if (copy.length > 0) change(copy);
  return copy;
}

async function read(bytes: Uint8Array): Promise<"read" | "refused"> {
  const source = new MemorySource(bytes);
  try {
    const header = await parseGguf("model.gguf", source);
    expect(ModelSummary.safeParse(summarizeGguf(header)).success).toBe(true);
    const settings = { contextTokens: 512, batchTokens: 64, kvType: "f16", mapsFile: true, cpuFeatures: null } as const;
    expect(MemoryLedger.safeParse(memoryLedger({ ...settings, header })).success).toBe(true);
    return "read";
  } catch (error) {
    if (!(error instanceof InvalidModelFileError)) throw error;
    return "refused";
  } finally {
    // The first bytes tell what the file is; then each is read once, or skipped.
    expect(source.bytesRead).toBeLessThanOrEqual(bytes.length + 512);
  }
}

it("a mutated header is read and summed up, or refused, and neither takes long nor reads a byte twice", async () => {
  const outcomes = { read: 0, refused: 0 };
  const mutation = fc.record({ which: fc.nat(), at: fc.nat({ max: 2 ** 30 }), value: fc.nat({ max: 255 }) });
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.array(mutation, { minLength: 1, maxLength: 3 }), async (original, steps) => {
      let bytes = originals[original % originals.length] ?? new Uint8Array();
      for (const { which, at, value } of steps) {
        bytes = mutations[which % mutations.length]?.(bytes, at % Math.max(1, bytes.length), value) ?? bytes;
      }
      const start = performance.now();
      outcomes[await read(bytes)]++;
      if (performance.now() - start < MOST_MILLISECONDS) return;
      // Other processes share the machine: what took long is timed again.
      const again = performance.now();
      await read(bytes);
      expect(performance.now() - again).toBeLessThan(MOST_MILLISECONDS);
    }),
    { numRuns: MUTATED_FILES },
  );
  expect(outcomes.read).toBeGreaterThan(MUTATED_FILES / 100);
  expect(outcomes.refused).toBeGreaterThan(MUTATED_FILES / 10);
}, 900_000);

it("random bytes behind a magic that is right are read or refused", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 4096 }), fc.constantFrom(2, 3), async (tail, version) => {
      await read(Buffer.concat([Buffer.from("GGUF"), Buffer.from([version, 0, 0, 0]), tail]));
    }),
  );
});
