import type { FitPlan } from "@nanoagent/models";
import { expect, it } from "vitest";
import { bestChoice, nextSmaller } from "../../src/choices/best-choice.js";
import { choiceJson } from "../../src/choices/choice-json.js";
import type { ModelChoice } from "../../src/choices/plan-choices.js";

interface Figures {
  bytes: number;
  speed?: number;
  /** Null: unknown. */
  divergence?: number | null;
  contextTokens?: number;
  fits?: boolean;
}

/** Returns a choice with the figures that recommendations depend on. */
function choiceOf(name: string, figures: Figures): ModelChoice {
  const { bytes, speed = 20, divergence = 0.01, contextTokens = 4096, fits = true } = figures;
  const plan = {
    model: { training_context_tokens: 4096 },
    context_tokens: contextTokens,
    forecast: { decode_at_start: { expected: speed } },
    quality: divergence === null ? null : { expected_divergence: divergence },
  } as FitPlan;
  const file = { path: `${name}.gguf`, bytes, sha256: null, gitSha1: null, url: `http://localhost/${name}` };
  return {
    model: { quantization: name, files: [file] },
    file: file.path,
    quantization: name,
    downloadBytes: bytes,
    header: null,
    plan: fits ? plan : null,
    refusal: null,
  };
}

const choices = (figures: Record<string, Figures>) => Object.entries(figures).map(([name, of]) => choiceOf(name, of));
const best = (figures: Record<string, Figures>) => bestChoice(choices(figures))?.quantization ?? null;

it.each<[rule: string, figures: Record<string, Figures>, expected: string | null]>([
  [
    "the fastest that is hardly worse than the original",
    {
      F16: { bytes: 16, speed: 6, divergence: 0 },
      Q8_0: { bytes: 8, speed: 12, divergence: 0.002 },
      Q4_K_M: { bytes: 5, speed: 18, divergence: 0.05 },
      Q2_K: { bytes: 3, speed: 25, divergence: 0.4 },
    },
    "Q4_K_M",
  ],
  ["the smaller of two equally fast ones", { Q5_1: { bytes: 6 }, Q5_0: { bytes: 5 }, Q5_K: { bytes: 7 } }, "Q5_0"],
  [
    "none with an unknown divergence",
    { X: { bytes: 4, speed: 30, divergence: null }, Q8_0: { bytes: 8, speed: 12 } },
    "Q8_0",
  ],
  [
    "none that is too slow or has too little context",
    { F16: { bytes: 16, speed: 50, contextTokens: 512 }, Q8_0: { bytes: 8, speed: 4 }, Q6_K: { bytes: 6, speed: 6 } },
    "Q6_K",
  ],
  [
    "the first of the ranking if all are noticeably worse",
    { Q3_K: { bytes: 4, divergence: 0.2 }, Q2_K: { bytes: 3, divergence: 0.4, speed: 99 } },
    "Q3_K",
  ],
  ["the first that fits if all miss a minimum", { A: { bytes: 9, fits: false }, B: { bytes: 8, speed: 1 } }, "B"],
  ["null if nothing fits", { Q8_0: { bytes: 8, fits: false } }, null],
  ["null for no choices", {}, null],
])("recommends %s", (_rule, figures, expected) => {
  expect(best(figures)).toBe(expected);
});

it("uses the minimums of the goal", () => {
  const both = choices({ Q8_0: { bytes: 8, speed: 12, contextTokens: 8192 }, Q4_K: { bytes: 5, speed: 18 } });
  expect(bestChoice(both)?.quantization).toBe("Q4_K");
  expect(bestChoice(both, { minContextTokens: 8192 })?.quantization).toBe("Q8_0");
});

it.each<[rule: string, figures: Record<string, Figures>, expected: string | null]>([
  [
    "the largest that is smaller and fits",
    { Q8_0: { bytes: 8, fits: false }, Q6_K: { bytes: 7, fits: false }, Q4_K: { bytes: 5 }, Q5_K: { bytes: 6 } },
    "Q5_K",
  ],
  ["one without a missed minimum", { Q8_0: { bytes: 8 }, Q5_K: { bytes: 6, speed: 1 }, Q4_K: { bytes: 5 } }, "Q4_K"],
  ["one with a missed minimum if all have one", { Q8_0: { bytes: 8 }, Q5_K: { bytes: 6, speed: 1 } }, "Q5_K"],
  ["null if all are larger", { Q8_0: { bytes: 8, fits: false }, F16: { bytes: 16 } }, null],
])("recommends instead of Q8_0: %s", (_rule, figures, expected) => {
  const all = choices(figures);
  const refused = all.find(({ quantization }) => quantization === "Q8_0") ?? expect.fail();
  expect(nextSmaller(all, refused)?.quantization ?? null).toBe(expected);
});

it("is plain data for programs", () => {
  const fitting = choiceOf("Q8_0", { bytes: 8 });
  expect(choiceJson(fitting)).toEqual({
    file: "Q8_0.gguf",
    quantization: "Q8_0",
    download_bytes: 8,
    fits: true,
    plan: fitting.plan,
  });
  expect(choiceJson(choiceOf("Q8_0", { bytes: 8, fits: false }))).toMatchObject({ fits: false, plan: null });
});
