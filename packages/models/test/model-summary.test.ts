import { ModelSummary } from "@nanoagent/models";
import { expect, test } from "vitest";
import { issuesOf } from "./issues-of.js";
import { sampleSummary } from "./samples.js";

test("survives JSON unchanged", () => {
  expect(ModelSummary.parse(JSON.parse(JSON.stringify(sampleSummary)))).toEqual(sampleSummary);
});

test("a figure that the header does not have is null, and the key is required", () => {
  const unknown = Object.fromEntries(Object.keys(sampleSummary).map((key) => [key, null]));
  const bare = { ...unknown, format: "onnx", file_bytes: 0, tensors_by_type: {} };
  expect(ModelSummary.parse(bare)).toEqual(bare);
  const { layer_count: _, ...without } = sampleSummary;
  expect(issuesOf(ModelSummary, without)).toEqual([
    "layer_count (missing): missing: expected an integer of at least 1",
  ]);
});

const dimensions = [
  "layer_count",
  "embedding_length",
  "feed_forward_length",
  "head_count",
  "kv_head_count",
  "vocabulary_size",
  "training_context_tokens",
];
test.each([...dimensions, "file_bytes", "parameter_count"])("%s is an integer of at least 0", (key) => {
  for (const value of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, "7", true]) {
    expect(issuesOf(ModelSummary, { ...sampleSummary, [key]: value }), String(value)).toHaveLength(1);
  }
});

test.each(dimensions)("%s is never 0: null means unknown", (key) => {
  expect(issuesOf(ModelSummary, { ...sampleSummary, [key]: 0 })).toEqual([
    `${key} (invalid): expected an integer of at least 1, found 0`,
  ]);
});

test.each([
  [{ format: "ggml" }, 'format (invalid): expected "gguf" or "safetensors" or "onnx", found "ggml" (a string)'],
  [{ architecture: 7 }, "architecture (invalid): expected a string, found 7: put it in quotes"],
  [{ file_bytes: null }, "file_bytes (invalid): expected an integer of at least 0, found null"],
  [{ layer: 6 }, 'layer (unknown-key): unknown key: did you mean "layer_count"?'],
  [{ tensors_by_type: [] }, "tensors_by_type (invalid): expected a map of keys and values, found a list"],
  [
    { tensors_by_type: { f16: { count: 1, bytes: -2 } } },
    "tensors_by_type.f16.bytes (invalid): expected an integer of at least 0, found -2",
  ],
  [
    { tensors_by_type: { f16: { count: 1, bytes: 2, size: 2 } } },
    "tensors_by_type.f16.size (unknown-key): unknown key: expected one of count, bytes",
  ],
])("%j is refused", (change, issue) => {
  expect(issuesOf(ModelSummary, { ...sampleSummary, ...change })).toEqual([issue]);
});

test("a tensor type may have any name except __proto__", () => {
  const total = '{"count": 1, "bytes": 2}';
  const named = (name: string) => ({ ...sampleSummary, tensors_by_type: JSON.parse(`{"${name}": ${total}}`) });
  expect(Object.keys(ModelSummary.parse(named("constructor")).tensors_by_type)).toEqual(["constructor"]);
  expect(issuesOf(ModelSummary, named("__proto__"))).toEqual([
    "tensors_by_type.__proto__ (unknown-key): unknown key: expected another name",
  ]);
});
