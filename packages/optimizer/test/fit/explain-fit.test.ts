import { expect, it } from "vitest";
import { explainFit, planHeader } from "../../src/index.js";
import { headerOf } from "./header-of.js";
import { RECORDED_SHAPES } from "./recorded-engine-figures.js";
import { sampleRequest } from "./sample-request.js";

const MIB = 2 ** 20;

it("lists the sum, line by line, with a legend", async () => {
  const header = await headerOf({ ...RECORDED_SHAPES["SmolLM2-135M"], contextTokens: 8192, weightType: "q4_0" });
  const plan = planHeader(header, { ...sampleRequest, context_tokens: 2048, constrains_output: true });
  expect(explainFit(plan)).toMatchInlineSnapshot(`
    "model.gguf: llama, 134.5 M parameters, 73.8 MB
    context 2048 tokens (up to 2560 fit), batch 64 tokens, KV cache f16, weights read, 4 threads for prompts and 2 for replies

      resident   reserved   MB
          15.3       15.3   weights (pinned): read into memory, because a mapping would hold the repacked tensors twice
          57.0       57.0   repacked weights (pinned): 210 tensors in q4_0, in the layout that is fastest on this CPU
          15.2       15.2   output matrix copy (pinned): token_embd.weight (q4_0), repacked for use as the output matrix
          45.0       45.0   KV cache (pinned): 2048 tokens × 90 heads in 30 layers × (64 + 64) elements × 2 bytes (f16)
           1.8       12.8   compute buffer (pinned): working memory for a batch of 64 tokens; reserves at least 4 × 64 × (49152 + 2 × 576) bytes for logits but uses one row of them
           0.8        0.8   output buffer (pinned): 49152 tokens × (4 + 12) bytes: logits and sampler
           6.2       53.1   engine (pinned): engine objects, a graph of up to 2176 nodes, and the positions of 2048 tokens
          13.6       13.6   vocabulary (pinned): 49152 tokens × 290 bytes: token texts, index and merges
          31.9       31.9   grammar (pinned): 49152 tokens × 680 bytes, for replies that must match a schema
          11.0       26.0   host process (pinned): the engine's process before a model is loaded
          45.0        0.0   program code (evictable): code of the process and the engine, mapped from files that other processes share
           5.6        2.8   draft tokens (pinned): 15 draft tokens × 49152 × 4 bytes of logits, computed and kept
    ---------- ----------
         248.3      273.4   total

    resident: in RAM; a plan fits if this is within the budget. reserved: allocated, even if not used yet.
    pinned: stays in RAM. evictable: file pages that the system can drop. transient: needed only while loading.
    "
  `);
});

it("adds up to its total within the rounding of each line", async () => {
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

it("shows the peak while loading if that is higher", async () => {
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
    /loading \(transient\): one tensor is read .*\n.*\n.* peak while loading\n.* total\n\nresident: /,
  );
  expect(text(true)).toMatch(
    /loading \(transient\): the whole file is mapped, 54\.\d MB more, .*\n.*\n.* peak while loading\n/,
  );
});
