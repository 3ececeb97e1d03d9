import { MemoryLedger } from "@nanoagent/models";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InvalidModelFileError, memoryLedger } from "../../src/index.js";
import { tinyGguf } from "../../src/testing/tiny-gguf.js";
import { headerOf, headerOfContents } from "./header-of.js";
import { RECORDED_SHAPES } from "./recorded-engine-figures.js";

const MIB = 2 ** 20;
const settings = {
  contextTokens: 2048,
  batchTokens: 64,
  kvType: "f16",
  mapsFile: true,
  cpuFeatures: ["avx2"],
} as const;
const smol = { ...RECORDED_SHAPES["SmolLM2-135M"], contextTokens: 8192 };

const lineOf = (ledger: MemoryLedger, name: string) => ledger.lines.find((line) => line.name === name);
const mibOf = (ledger: MemoryLedger, name: string) =>
  Number(((lineOf(ledger, name)?.resident_bytes ?? 0) / MIB).toFixed(1));

describe("ledger lines", () => {
  it("of a mapped file without copies", async () => {
    const ledger = memoryLedger({ ...settings, header: await headerOf({ ...smol, weightType: "q8_0" }) });
    expect(ledger.lines.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
      "weights evictable",
      "kv-cache pinned",
      "compute-buffer pinned",
      "output-buffer pinned",
      "engine pinned",
      "vocabulary pinned",
      "host-process pinned",
      "host-code evictable",
    ]);
    expect(mibOf(ledger, "weights")).toBe(136.4);
    expect(mibOf(ledger, "kv-cache")).toBe(45);
    for (const { kind, reserved_bytes, resident_bytes } of ledger.lines) {
      if (kind === "evictable") expect(reserved_bytes).toBe(0);
      else expect(reserved_bytes).toBeGreaterThanOrEqual(resident_bytes);
    }
  });

  it("of a type that this CPU repacks: twice when mapped, once when read", async () => {
    const header = await headerOf({ ...smol, weightType: "q4_0" });
    const mapped = memoryLedger({ ...settings, header });
    expect([mibOf(mapped, "weights"), mibOf(mapped, "repacked-weights"), mibOf(mapped, "tied-embeddings")]).toEqual([
      70.9, 57, 15.2,
    ]);
    const read = memoryLedger({ ...settings, header, mapsFile: false });
    expect([mibOf(read, "weights"), mibOf(read, "repacked-weights"), mibOf(read, "tied-embeddings")]).toEqual([
      15.3, 57, 15.2,
    ]);
    expect(lineOf(read, "weights")?.kind).toBe("pinned");
    expect(read.peak_resident_bytes).toBeLessThan(mapped.peak_resident_bytes - 50 * MIB);
  });

  it("of a grammar, without a process that is counted elsewhere", async () => {
    const header = await headerOf(smol);
    const plain = memoryLedger({ ...settings, header });
    const held = memoryLedger({ ...settings, header, constrainsOutput: true });
    expect(held.peak_resident_bytes - plain.peak_resident_bytes).toBe(49_152 * 680);
    const without = memoryLedger({ ...settings, header, host: null });
    expect(without.lines.some(({ name }) => name.startsWith("host"))).toBe(false);
    const own = memoryLedger({ ...settings, header, host: { pinnedBytes: 1, reservedBytes: 2, evictableBytes: 3 } });
    expect(own.peak_resident_bytes - without.peak_resident_bytes).toBe(4);
    expect(own.peak_reserved_bytes - without.peak_reserved_bytes).toBe(2);
  });

  it("of threads: one reserved stack for each but the first", async () => {
    const header = await headerOf(smol);
    const [one, four] = [1, 4].map((threads) => memoryLedger({ ...settings, header, threads }));
    expect((four?.peak_reserved_bytes ?? 0) - (one?.peak_reserved_bytes ?? 0)).toBe(3 * MIB);
    expect(four?.peak_resident_bytes).toBe(one?.peak_resident_bytes);
  });

  it("of loading, if one read tensor is larger than everything allocated later", async () => {
    const header = await headerOf({
      embeddingLength: 512,
      layerCount: 1,
      headCount: 8,
      kvHeadCount: 1,
      feedForwardLength: 65_536,
      vocabularySize: 512,
      weightType: "q4_0",
    });
    const ledger = memoryLedger({ ...settings, header, contextTokens: 256, batchTokens: 1, mapsFile: false });
    // Three matrices of 18 MB: the last one is read while the other two are in memory.
    expect(lineOf(ledger, "loading")?.kind).toBe("transient");
    expect(ledger.peak_resident_bytes).toBeGreaterThan(ledger.steady_resident_bytes);
  });

  it("explain how their figures are computed", async () => {
    const ledger = memoryLedger({
      ...settings,
      header: await headerOf({ ...smol, weightType: "q4_0" }),
      cpuFeatures: null,
    });
    expect(Object.fromEntries(ledger.lines.map(({ name, explanation }) => [name, explanation]))).toMatchInlineSnapshot(`
      {
        "compute-buffer": "working memory for a batch of 64 tokens; reserves at least 4 × 64 × (49152 + 2 × 576) bytes for logits but uses one row of them",
        "engine": "engine objects, a graph of up to 2176 nodes, and the positions of 2048 tokens",
        "host-code": "code of the process and the engine, mapped from files that other processes share",
        "host-process": "the engine's process before a model is loaded",
        "kv-cache": "2048 tokens × 90 heads in 30 layers × (64 + 64) elements × 2 bytes (f16)",
        "output-buffer": "49152 tokens × (4 + 12) bytes: logits and sampler",
        "repacked-weights": "210 tensors in q4_0, in the layout that is fastest on this CPU; the CPU is unknown, so every type that any CPU repacks counts",
        "tied-embeddings": "token_embd.weight (q4_0), repacked for use as the output matrix; the CPU is unknown, so every type that any CPU repacks counts",
        "vocabulary": "49152 tokens × 290 bytes: token texts, index and merges",
        "weights": "mapped from the file, partly copied as well; the system can drop these pages and read them again",
      }
    `);
  });
});

// Growth of RssAnon with the add-on of node-llama-cpp 3.22.1 in MiB, from before the model to after a prompt that fills
// the context (3,000 tokens at most) and 20 answers. Files written by writeSparseGguf; 2 vCPU AMD EPYC, AVX2.
describe("measured growth", () => {
  it.each([
    ["15M", "q8_0", true, 512, 64, 17.3],
    ["15M", "q8_0", true, 2048, 64, 27.2],
    ["15M", "q4_0", false, 512, 64, 30.4],
    ["SmolLM2-135M", "q8_0", true, 512, 64, 32.4],
    ["SmolLM2-135M", "q8_0", true, 2048, 64, 66.6],
    ["SmolLM2-135M", "q8_0", true, 8192, 64, 201.8],
    ["SmolLM2-135M", "q8_0", true, 2048, 16, 65.2],
    ["SmolLM2-135M", "q8_0", true, 2048, 256, 72.2],
    ["SmolLM2-135M", "q4_0", true, 2048, 64, 138.7],
    ["SmolLM2-135M", "q4_0", false, 2048, 64, 154.5],
    ["SmolLM2-135M", "f16", true, 1024, 64, 43.9],
    ["Qwen2.5-0.5B", "q8_0", true, 1024, 64, 64.2],
    ["Qwen2.5-0.5B", "q4_0", false, 1024, 64, 402.9],
    ["Qwen3-0.6B", "q8_0", true, 1024, 64, 163.2],
    ["Qwen3-0.6B", "q4_0", false, 1024, 64, 566.7],
  ] as const)(
    "%s %s mapped %s, context %i, batch %i: %f MiB",
    async (shape, weightType, mapsFile, contextTokens, batchTokens, measuredMib) => {
      const header = await headerOf({ ...RECORDED_SHAPES[shape], contextTokens: 32_768, weightType });
      const { lines } = memoryLedger({ ...settings, header, mapsFile, contextTokens, batchTokens, host: null });
      const anonymous = lines
        .filter(({ kind }) => kind === "pinned")
        .reduce((sum, line) => sum + line.resident_bytes, 0);
      // Never below the measured figure, and at most 6 % above it.
      expect(anonymous / MIB / measuredMib).toBeGreaterThan(1);
      expect(anonymous / MIB / measuredMib).toBeLessThan(1.06);
    },
  );
});

describe("sums", () => {
  const headers = Promise.all(
    [
      {},
      { ...smol, weightType: "q4_0" },
      { architecture: "qwen3", headLength: 64, weightType: "q8_0", tiedEmbeddings: false },
      { architecture: "qwen2", weightType: "f16", vocabularySize: 5000 },
    ].map((options) => headerOf(options as Parameters<typeof headerOf>[0])),
  );

  it("are those of the lines, with peak at least steady, in a valid ledger", async () => {
    const known = await headers;
    fc.assert(
      fc.property(
        fc.constantFrom(...known),
        fc.integer({ min: 1, max: 20_000 }),
        fc.integer({ min: 1, max: 1024 }),
        fc.constantFrom("f16", "q8_0"),
        fc.boolean(),
        fc.constantFrom(null, [], ["avx2"], ["asimddp"]),
        fc.boolean(),
        (header, contextTokens, batchTokens, kvType, mapsFile, cpuFeatures, constrainsOutput) => {
          const options = { header, contextTokens, batchTokens, kvType, mapsFile, cpuFeatures, constrainsOutput };
          const ledger = memoryLedger(options);
          expect(MemoryLedger.parse(ledger)).toEqual(ledger);
          const sum = (key: "reserved_bytes" | "resident_bytes", transient: boolean) =>
            ledger.lines
              .filter(({ kind }) => transient || kind !== "transient")
              .reduce((total, line) => total + line[key], 0);
          expect(ledger.steady_reserved_bytes).toBe(sum("reserved_bytes", false));
          expect(ledger.steady_resident_bytes).toBe(sum("resident_bytes", false));
          expect(ledger.peak_reserved_bytes).toBe(sum("reserved_bytes", true));
          expect(ledger.peak_resident_bytes).toBe(sum("resident_bytes", true));
          expect(ledger.peak_resident_bytes).toBeGreaterThanOrEqual(ledger.steady_resident_bytes);
          expect(ledger.peak_reserved_bytes).toBeGreaterThanOrEqual(ledger.steady_reserved_bytes);
          expect(new Set(ledger.lines.map(({ name }) => name)).size).toBe(ledger.lines.length);
        },
      ),
    );
  });

  it("never fall when the context or the batch grows", async () => {
    const known = await headers;
    fc.assert(
      fc.property(
        fc.constantFrom(...known),
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 0, max: 60 }),
        fc.integer({ min: 1, max: 512 }),
        fc.boolean(),
        (header, cells, moreCells, batchTokens, mapsFile) => {
          const peak = (contextTokens: number, batch: number) =>
            memoryLedger({ ...settings, header, mapsFile, contextTokens, batchTokens: batch }).peak_resident_bytes;
          const base = peak(cells * 256, batchTokens);
          expect(peak((cells + moreCells) * 256, batchTokens)).toBeGreaterThanOrEqual(base);
          // Page boundaries can make a difference of one page.
          expect(peak(cells * 256, batchTokens * 2)).toBeGreaterThanOrEqual(base - 4096);
        },
      ),
    );
  });
});

describe("headers from which nothing can be computed", () => {
  const contents = tinyGguf();
  const withMetadata = (changes: Record<string, unknown>) => {
    const metadata = Object.fromEntries(
      Object.entries({ ...contents.metadata, ...changes }).filter(([, value]) => value !== null),
    ) as typeof contents.metadata;
    return headerOfContents({ ...contents, metadata });
  };
  const number = (value: number) => ({ type: "uint32", value });

  it.each([
    ["no architecture", { "general.architecture": null }, "general.architecture", /is missing/],
    ["no layers", { "llama.block_count": null }, "llama.block_count", /is missing/],
    ["0 layers", { "llama.block_count": number(0) }, "llama.block_count", /is 0/],
    ["no trained context", { "llama.context_length": null }, "llama.context_length", /is missing/],
    ["no embedding length", { "llama.embedding_length": null }, "llama.embedding_length", /is missing/],
    ["no feed-forward length", { "llama.feed_forward_length": null }, "llama.feed_forward_length", /is missing/],
    ["no heads", { "llama.attention.head_count": null }, "llama.attention.head_count", /is missing/],
    [
      "heads that do not share keys evenly",
      { "llama.attention.head_count_kv": number(3) },
      "llama.attention.head_count_kv",
      /is 3, which does not divide 4 heads/,
    ],
    [
      "keys and values of different length",
      { "llama.attention.value_length": number(8) },
      "llama.attention.value_length",
      /is 8, but keys have 16/,
    ],
    [
      "heads that are rotated in part",
      { "llama.rope.dimension_count": number(8) },
      "llama.rope.dimension_count",
      /is 8, but the head length is 16/,
    ],
    [
      "another embedding length",
      { "llama.embedding_length": number(128) },
      "tensor token_embd.weight",
      /has the shape 64 × 512, but the header requires 128 × 512/,
    ],
    [
      "another vocabulary",
      { "tokenizer.ggml.tokens": { type: "array", elements: { type: "text", values: ["a"] } } },
      "tensor token_embd.weight",
      /has 512 rows, but the vocabulary has 1 tokens/,
    ],
    [
      "another feed-forward length",
      { "llama.feed_forward_length": number(129) },
      "tensor blk.0.ffn_gate.weight",
      /requires 64 × 129/,
    ],
    ["more layers than tensors", { "llama.block_count": number(3) }, "layer 2 of 3", /is missing/],
    [
      "heads for too few layers",
      { "llama.attention.head_count": { type: "array", elements: { type: "uint32", values: [4] } } },
      "llama.attention.head_count",
      /has 1 values for 2 layers/,
    ],
  ])("%s", async (_, changes, field, problem) => {
    const header = await withMetadata(changes);
    const compute = () => memoryLedger({ ...settings, header });
    expect(compute).toThrow(InvalidModelFileError);
    expect(compute).toThrow(expect.objectContaining({ field, message: expect.stringMatching(problem) }));
  });

  it("only a vocabulary, and the other byte order", async () => {
    const vocabulary = await headerOfContents({ ...contents, tensors: [] });
    expect(() => memoryLedger({ ...settings, header: vocabulary })).toThrow(
      /the file contains a vocabulary but no weights/,
    );
    const swapped = await headerOf({ byteOrder: "big" });
    expect(() => memoryLedger({ ...settings, header: swapped })).toThrow(/version is stored as big-endian/);
  });
});

it("ignores ones at the end of a matrix's shape", async () => {
  const contents = tinyGguf({ weightType: "q4_0" });
  const tensors = contents.tensors.map((tensor) => ({ ...tensor, shape: [...tensor.shape, 1, 1].slice(0, 4) }));
  const odd = memoryLedger({ ...settings, header: await headerOfContents({ ...contents, tensors }) });
  const plain = memoryLedger({ ...settings, header: await headerOfContents(contents) });
  expect(lineOf(odd, "repacked-weights")).toEqual(lineOf(plain, "repacked-weights"));
});

describe("other architectures", () => {
  const other = (changes: Record<string, unknown> = {}) => {
    const contents = tinyGguf();
    const metadata = Object.fromEntries(
      Object.entries(contents.metadata).map(([key, value]) => [key.replace(/^llama\./, "olmo."), value]),
    );
    return headerOfContents({
      ...contents,
      metadata: {
        ...metadata,
        "general.architecture": { type: "text", value: "olmo" },
        ...changes,
      } as typeof contents.metadata,
    });
  };

  it("get an estimate, marked as such, that is not below the sum for a plain transformer", async () => {
    const exact = memoryLedger({ ...settings, header: await headerOf() });
    const estimate = memoryLedger({ ...settings, header: await other() });
    expect(estimate.peak_resident_bytes).toBeGreaterThanOrEqual(exact.peak_resident_bytes);
    expect(lineOf(estimate, "kv-cache")?.explanation).toContain("an estimate: no exact figures for this olmo");
    expect(lineOf(exact, "kv-cache")?.explanation).not.toContain("estimate");
  });

  it("are counted layer by layer", async () => {
    const perLayer = { type: "array", elements: { type: "uint32", values: [2, 0] } };
    const uneven = memoryLedger({ ...settings, header: await other({ "olmo.attention.head_count_kv": perLayer }) });
    const even = memoryLedger({ ...settings, header: await other() });
    expect(lineOf(uneven, "kv-cache")?.resident_bytes).toBe((lineOf(even, "kv-cache")?.resident_bytes ?? 0) / 2);
  });

  it("with figures beyond the memory of any machine still get a valid ledger", async () => {
    const huge = { type: "uint32", value: 2 ** 32 - 1 };
    const header = await other({ "olmo.attention.key_length": huge, "olmo.feed_forward_length": huge });
    const ledger = memoryLedger({ ...settings, header, contextTokens: 2 ** 27 });
    expect(MemoryLedger.safeParse(ledger).success).toBe(true);
    expect(ledger.peak_resident_bytes).toBe(Number.MAX_SAFE_INTEGER);
  });
});
