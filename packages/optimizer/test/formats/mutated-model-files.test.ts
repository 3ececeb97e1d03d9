import { ModelSummary } from "@nanoagent/models";
import fc from "fast-check";
import { expect, it } from "vitest";
import { InvalidModelFileError } from "../../src/formats/invalid-model-file-error.js";
import { parseOnnx } from "../../src/formats/onnx/parse-onnx.js";
import { parseSafetensors } from "../../src/formats/safetensors/parse-safetensors.js";
import { summarizeTensors } from "../../src/formats/summarize-tensors.js";
import { MemorySource } from "../memory-source.js";
import { mutate, mutationSteps } from "./mutate.js";
import { externalFields, onnx, tensorFields } from "./onnx/write-onnx.js";
import { safetensor, writeSafetensors } from "./safetensors/write-safetensors.js";

const MUTATED_FILES = process.env.NANOAGENT_SOAK ? 100_000 : 10_000;
const MAX_MILLISECONDS = 100;

const safetensors = writeSafetensors({ a: safetensor(0, [8, 4]), b: safetensor(64, [3], "F32", 4) }, 76);
const model = onnx([
  [2, "graph"],
  [1, [[5, [[5, tensorFields("constant", [2], 7, new Uint8Array(16))]]]]],
  [5, tensorFields("weights", [4, 4], 1, new Uint8Array(64))],
  [5, [...tensorFields("outside", [9], 1), ...externalFields({ location: "weights.bin", offset: "16" })]],
]);

it.each([
  ["safetensors", safetensors, parseSafetensors] as const,
  ["onnx", model, async (path: string, source: MemorySource) => (await parseOnnx(path, source)).tensors] as const,
])(
  "reads or refuses a mutated %s file quickly, without reading any byte twice",
  async (format, original, parse) => {
    const outcomes = { read: 0, refused: 0 };
    const read = async (bytes: Uint8Array): Promise<"read" | "refused"> => {
      const source = new MemorySource(bytes);
      try {
        const summary = summarizeTensors(format, await parse("model", source), bytes.length);
        expect(ModelSummary.safeParse(summary).success).toBe(true);
        return "read";
      } catch (error) {
        if (!(error instanceof InvalidModelFileError)) throw error;
        return "refused";
      } finally {
        expect(source.bytesRead).toBeLessThanOrEqual(bytes.length);
      }
    };
    await fc.assert(
      fc.asyncProperty(mutationSteps, async (steps) => {
        const bytes = mutate(original, steps);
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
    expect(outcomes.read).toBeGreaterThan(0);
    expect(outcomes.refused).toBeGreaterThan(MUTATED_FILES / 10);
  },
  900_000,
);
