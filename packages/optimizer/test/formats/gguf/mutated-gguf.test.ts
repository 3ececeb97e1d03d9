import { MemoryLedger, ModelSummary } from "@nanoagent/models";
import fc from "fast-check";
import { expect, it } from "vitest";
import { memoryLedger } from "../../../src/fit/memory-ledger.js";
import { parseGguf } from "../../../src/formats/gguf/parse-gguf.js";
import { summarizeGguf } from "../../../src/formats/gguf/summarize-gguf.js";
import { InvalidModelFileError } from "../../../src/formats/invalid-model-file-error.js";
import { buildTinyGguf } from "../../../src/testing/index.js";
import { MemorySource } from "../../memory-source.js";
import { mutate, mutationSteps } from "../mutate.js";

const MUTATED_FILES = process.env.NANOAGENT_SOAK ? 300_000 : 30_000;
const MAX_MILLISECONDS = 100;

const small = { layerCount: 1, embeddingLength: 32, headCount: 2, kvHeadCount: 1, feedForwardLength: 32 } as const;
const originals = [
  buildTinyGguf({ ...small, vocabularySize: 260, weightType: "f16" }),
  buildTinyGguf({ ...small, architecture: "qwen2", weightType: "q8_0", vocabularySize: 259, byteOrder: "big" }),
  buildTinyGguf({ ...small, architecture: "qwen3", weightType: "q4_0", vocabularySize: 270, version: 2 }),
];

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
    // The first bytes are read to identify the file. After that each byte is read once or skipped.
    expect(source.bytesRead).toBeLessThanOrEqual(bytes.length + 512);
  }
}

it("reads or refuses a mutated header quickly, without reading any byte twice", async () => {
  const outcomes = { read: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(fc.nat(), mutationSteps, async (original, steps) => {
      const bytes = mutate(originals[original % originals.length] ?? new Uint8Array(), steps);
      const start = performance.now();
      outcomes[await read(bytes)]++;
      if (performance.now() - start < MAX_MILLISECONDS) return;
      // Other processes share the machine: a slow run is timed again.
      const again = performance.now();
      await read(bytes);
      expect(performance.now() - again).toBeLessThan(MAX_MILLISECONDS);
    }),
    { numRuns: MUTATED_FILES },
  );
  expect(outcomes.read).toBeGreaterThan(MUTATED_FILES / 100);
  expect(outcomes.refused).toBeGreaterThan(MUTATED_FILES / 10);
}, 900_000);

it("reads or refuses random bytes after a valid magic", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 4096 }), fc.constantFrom(2, 3), async (tail, version) => {
      await read(Buffer.concat([Buffer.from("GGUF"), Buffer.from([version, 0, 0, 0]), tail]));
    }),
  );
});
