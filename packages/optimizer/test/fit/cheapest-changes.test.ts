import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { transformerShape } from "../../src/architectures/transformer-shape.js";
import { cheapestChanges, type TightFit } from "../../src/fit/cheapest-changes.js";
import { memoryLedger } from "../../src/fit/memory-ledger.js";
import { quantizeHeader } from "../../src/fit/quantize-header.js";
import { headerOf } from "./header-of.js";
import { RECORDED_SHAPES } from "./recorded-engine-figures.js";

const MIB = 2 ** 20;
const headers = {
  f16: await headerOf({ ...RECORDED_SHAPES["SmolLM2-135M"], weightType: "f16", contextTokens: 8192 }),
  q8_0: await headerOf({ ...RECORDED_SHAPES["SmolLM2-135M"], weightType: "q8_0", contextTokens: 8192 }),
  q4_0: await headerOf({ ...RECORDED_SHAPES["SmolLM2-135M"], weightType: "q4_0", contextTokens: 8192 }),
  narrow: await headerOf({
    embeddingLength: 96,
    headCount: 6,
    weightType: "f16",
    vocabularySize: 20_000,
    contextTokens: 2048,
  }),
};

function tightFit(
  name: keyof typeof headers,
  budgetMib: number,
  changes: Partial<TightFit["settings"]> = {},
  cpuFeatures: readonly string[] = ["avx2"],
): TightFit {
  const header = headers[name];
  const settings = { contextTokens: 4096, batchTokens: 64, kvType: "f16", mapsFile: true, ...changes };
  const ledgerOf: TightFit["ledgerOf"] = (tried, model = header) =>
    memoryLedger({ ...tried, header: model, cpuFeatures });
  const shape = transformerShape(header);
  return { header, shape, settings, ledger: ledgerOf(settings), budgetBytes: budgetMib * MIB, ledgerOf };
}

const described = (fit: TightFit) =>
  cheapestChanges(fit).map(({ description, fits }) => `${fits ? "+" : "-"} ${description}`);

describe("cheapestChanges", () => {
  it("lists changes that are sufficient alone first, cheapest first", () => {
    expect(described(tightFit("q8_0", 295))).toEqual([
      "+ KV cache f16 → q8_0",
      "+ context 4096 → 3584",
      "+ this model in q5_k (about 104.7 MB)",
    ]);
  });

  it("begins with how the file is loaded, then the batch size, if that helps", () => {
    expect(described(tightFit("q4_0", 290))[0]).toBe("+ reading the file instead of mapping it");
    expect(described(tightFit("q8_0", 305, { batchTokens: 512 }))[0]).toBe("+ batch 512 → 32");
  });

  it("combines changes if none is sufficient alone, with the longest context that fits", () => {
    const changes = cheapestChanges(tightFit("f16", 220));
    expect(changes.map(({ description }) => description)).toMatchInlineSnapshot(`
      [
        "this model in q3_k (about 83.9 MB) and batch 64 → 16 and KV cache f16 → q8_0 and context 4096 → 3840",
        "this model in q3_k (about 83.9 MB)",
        "context 4096 → 512",
      ]
    `);
    expect(changes.map(({ fits }) => fits)).toEqual([true, false, false]);
  });

  it("lists the changes that save most if nothing is sufficient", () => {
    const changes = cheapestChanges(tightFit("f16", 60));
    expect(changes).toHaveLength(3);
    expect(changes.every(({ fits }) => !fits)).toBe(true);
    const savings = changes.map(({ saves_bytes }) => saves_bytes);
    expect(savings).toEqual([...savings].sort((one, other) => other - one));
  });

  it("leaves out impossible changes: heads that q8_0 cannot store, a short context, small weights", () => {
    const changes = described(tightFit("narrow", 1, { contextTokens: 512, batchTokens: 16 }));
    expect(changes.join()).not.toMatch(/KV cache|context|batch/);
    const small = described(tightFit("q4_0", 1, { contextTokens: 512, batchTokens: 16, mapsFile: false }));
    expect(small).toEqual([expect.stringMatching(/^- KV cache/), expect.stringMatching(/^- this model in q3_k/)]);
  });
});

it("reports savings and fits correctly for every change", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...(Object.keys(headers) as (keyof typeof headers)[])),
      fc.integer({ min: 20, max: 400 }),
      fc.oneof(fc.integer({ min: 1, max: 32 }), fc.integer({ min: 32, max: 4000 })),
      fc.constantFrom(8, 64, 512),
      fc.boolean(),
      fc.constantFrom(["avx2"], ["asimddp"], []),
      (name, budgetMib, cells, batchTokens, mapsFile, cpuFeatures) => {
        const fit = tightFit(name, budgetMib, { contextTokens: cells * 256, batchTokens, mapsFile }, cpuFeatures);
        const before = fit.ledger.peak_resident_bytes;
        if (before <= fit.budgetBytes) return;
        const changes = cheapestChanges(fit);
        expect(changes.length).toBeLessThanOrEqual(3);
        for (const { settings, weightType, saves_bytes, fits, description } of changes) {
          const model = weightType === null ? fit.header : quantizeHeader(fit.header, weightType);
          const after = memoryLedger({ ...settings, header: model, cpuFeatures }).peak_resident_bytes;
          expect(before - after).toBe(saves_bytes);
          expect(saves_bytes).toBeGreaterThan(0);
          expect(fits).toBe(after <= fit.budgetBytes);
          expect(description).not.toBe("");
          // Never recommends a context beyond the trained length.
          if (settings.contextTokens !== fit.settings.contextTokens)
            expect(settings.contextTokens).toBeLessThanOrEqual(fit.shape.trainedTokens);
        }
        // Sufficient changes come first.
        expect(changes.map(({ fits }) => fits)).toEqual(
          changes.map(({ fits }) => fits).sort((a, b) => Number(b) - Number(a)),
        );
      },
    ),
    { numRuns: 60 },
  );
});
