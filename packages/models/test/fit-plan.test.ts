import { FitPlan } from "@nanoagent/models";
import { expect, test } from "vitest";
import { issuesOf } from "./issues-of.js";
import { sampleForecast, samplePlan } from "./samples.js";

test("survives JSON unchanged", () => {
  expect(FitPlan.parse(JSON.parse(JSON.stringify(samplePlan)))).toEqual(samplePlan);
});

test("the forecast may be null", () => {
  expect(FitPlan.parse({ ...samplePlan, forecast: null }).forecast).toBeNull();
});

test("every key is required", () => {
  for (const key of Object.keys(samplePlan)) {
    expect(issuesOf(FitPlan, { ...samplePlan, [key]: undefined })).toEqual([
      expect.stringMatching(`^${key} \\(missing\\): missing: expected `),
    ]);
  }
});

test.each(["context_tokens", "batch_tokens", "prefill_threads", "decode_threads"])("%s is at least 1", (key) => {
  for (const value of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "4"]) {
    expect(issuesOf(FitPlan, { ...samplePlan, [key]: value }), String(value)).toEqual([
      expect.stringMatching(`^${key} \\(invalid\\): expected an integer of at least 1, found `),
    ]);
  }
});

test("its parts are checked by their own schemas", () => {
  const { model, ledger } = samplePlan;
  const plan = {
    ...samplePlan,
    model: { ...model, file_bytes: -1 },
    ledger: { ...ledger, peak_reserved_bytes: Number.NaN },
    forecast: { ...sampleForecast, decode_at_start: { expected: -1, low: 0, high: 1 } },
  };
  expect(issuesOf(FitPlan, plan)).toEqual([
    "model.file_bytes (invalid): expected an integer of at least 0, found -1",
    "ledger.peak_reserved_bytes (invalid): expected an integer of at least 0, found NaN",
    "forecast.decode_at_start.expected (invalid): expected a number of at least 0, found -1",
  ]);
});

test.each([
  [{ model_path: "" }, 'model_path (invalid): expected a string that is not empty, found "" (a string)'],
  [{ kv_type: null }, "kv_type (invalid): expected a string that is not empty, found null"],
  [{ maps_file: "false" }, 'maps_file (invalid): expected true or false, found "false" (a string): remove the quotes'],
  [{ threads: 4 }, expect.stringMatching(/^threads \(unknown-key\): unknown key: expected one of model_path, /)],
])("%j is refused", (change, issue) => {
  expect(issuesOf(FitPlan, { ...samplePlan, ...change })).toEqual([issue]);
});
