import { expect, it } from "vitest";
import { explainFit, planHeader } from "../../src/index.js";
import { headerOf } from "./header-of.js";
import { RECORDED_SHAPES } from "./recorded-engine-figures.js";
import { sampleRequest } from "./sample-request.js";

const MIB = 2 ** 20;

it("is the sum, line by line", async () => {
  const header = await headerOf({ ...RECORDED_SHAPES["SmolLM2-135M"], contextTokens: 8192, weightType: "q4_0" });
  const plan = planHeader(header, { ...sampleRequest, context_tokens: 2048, constrains_output: true });
  expect(explainFit(plan)).toMatchInlineSnapshot(`
    "model.gguf: llama, 134.5 M parameters, 73.8 MB
    context 2048 tokens (up to 2560 fit), 64 at once, KV cache f16, weights read, 4 threads to read and 2 to answer

      resident   reserved   MB
          15.3       15.3   weights (pinned): the file is read into memory: what is copied below would be held twice if it were mapped
          57.0       57.0   repacked-weights (pinned): 210 tensors in q4_0, in the order that this CPU computes fastest with
          15.2       15.2   tied-embeddings (pinned): token_embd.weight (q4_0) once more, reordered, as output matrix
          45.0       45.0   kv-cache (pinned): 2048 tokens × 90 heads in 30 layers × (64 + 64) elements × 2 bytes (f16)
           1.8       12.8   compute-buffer (pinned): for 64 tokens at once; at least 4 × 64 × (49152 tokens + 2 × 576) is reserved for the logits of each, and one row of them is used
           0.8        0.8   output-buffer (pinned): 49152 tokens × (4 + 12) bytes: logits, and the sampler's list
           6.2       53.1   engine (pinned): objects of the engine, its graph of up to 2176 nodes, and the places of 2048 tokens
          13.6       13.6   vocabulary (pinned): 49152 tokens × 290 bytes: texts, index and merges
          31.9       31.9   grammar (pinned): 49152 tokens × 680 bytes, once a reply is held to a grammar
          11.0       26.0   host-process (pinned): the process that the engine lives in, before a model is loaded
          45.0        0.0   host-code (evictable): its code and the engine's, mapped from files, which other processes share
           5.6        2.8   drafts (pinned): 15 drafted tokens × 49152 × 4 bytes of logits, computed and kept
    ---------- ----------
         248.3      273.4   in all
    "
  `);
});

it("adds up to what it says, within the rounding of each line", async () => {
  const header = await headerOf({ ...RECORDED_SHAPES["Qwen3-0.6B"], contextTokens: 8192, weightType: "q8_0" });
  const plan = planHeader(header, { ...sampleRequest, budget_bytes: 2048 * MIB });
  const rows = [...explainFit(plan).matchAll(/^ +(\d+\.\d) +(\d+\.\d) {3}/gm)].map(([, ...figures]) =>
    figures.map(Number),
  );
  const total = rows.pop();
  expect(rows).toHaveLength(plan.ledger.lines.length);
  for (const column of [0, 1]) {
    const sum = rows.reduce((all, row) => all + (row[column] ?? 0), 0);
    expect(Math.abs(sum - (total?.[column] ?? 0))).toBeLessThan(0.05 * (rows.length + 1));
  }
});

it("shows what loading takes where that is more", async () => {
  const header = await headerOf({
    embeddingLength: 512,
    layerCount: 1,
    headCount: 8,
    kvHeadCount: 1,
    feedForwardLength: 65_536,
    weightType: "q4_0",
  });
  const text = (maps_file: boolean) =>
    explainFit(planHeader(header, { ...sampleRequest, context_tokens: 256, batch_tokens: 1, maps_file }));
  expect(text(false)).toMatch(
    /loading \(transient\): a tensor is read whole .*\n.*\n.* while it is loaded\n.* in all\n$/,
  );
  expect(text(true)).toMatch(
    /loading \(transient\): the whole file is mapped, 54\.\d MB more, .*\n.*\n.* while it is loaded\n/,
  );
});
