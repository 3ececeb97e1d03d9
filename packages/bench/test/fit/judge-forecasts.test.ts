import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { forecastFrom } from "../../../optimizer/src/index.js";
import { judgeForecasts, meanError } from "../../src/fit/judge-forecasts.mjs";

// Timed by `pnpm bench:fit forecast --rows FILE` on a virtual machine with two cores of an EPYC, one thread, llama.cpp of
// node-llama-cpp 3.22.1: 16 pairs of model and type, at 16 and at 512 tokens of context.
const { measurement, rows } = JSON.parse(readFileSync(new URL("recorded-speeds.json", import.meta.url), "utf8"));
const CALIBRATION = "like SmolLM2-135M";
const facts = { device: { platform: "linux-x86_64", cpu_cores: 2 }, cpuFeatures: ["avx2"], measurement };
const known = rows.filter(({ model }: { model: string }) => model === CALIBRATION);
const others = rows.filter(({ model }: { model: string }) => model !== CALIBRATION);

const pairs = new Set(others.map(({ model, type }: { model: string; type: string }) => `${model} ${type}`));
it("has at least 12 pairs of model and type", () => {
  expect(pairs.size).toBeGreaterThanOrEqual(12);
  expect(new Set(others.map(({ model }: { model: string }) => model)).size).toBeGreaterThanOrEqual(6);
});

describe.each([
  ["calibrated with one dense model", known, 0.12],
  ["from the micro-benchmark alone", [], 0.3],
  ["from all other models", rows, 0.12],
])("forecasts %s", (_, from, most) => {
  const judgements = judgeForecasts(others, from, { forecastFrom, facts });

  it.each(["decode", "prefill"] as const)(
    "are close to the measured %s speed, and closer than rules of thumb",
    (phase) => {
      const ofPhase = judgements.filter((judgement) => judgement.phase === phase);
      expect(ofPhase).toHaveLength(2 * pairs.size);
      const error = meanError(ofPhase, "forecast");
      expect(error).toBeLessThanOrEqual(most);
      expect(error).toBeLessThan(meanError(ofPhase, "bandwidth ÷ size"));
      expect(error).toBeLessThan(meanError(ofPhase, "constant ÷ parameters"));
    },
  );

  it("have intervals that hold in 9 of 10 cases", () => {
    const within = judgements.filter(({ isWithin }) => isWithin).length;
    expect(within / judgements.length).toBeGreaterThanOrEqual(0.9);
  });
});
