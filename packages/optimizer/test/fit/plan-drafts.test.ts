import type { FitPlan } from "@nanoagent/models";
import fc from "fast-check";
import { expect, test } from "vitest";
import { planDrafts } from "../../src/fit/plan-drafts.js";

function planOf(batch_tokens: number, bytes: number): FitPlan {
  const ledger = {
    lines: [],
    steady_reserved_bytes: bytes,
    steady_resident_bytes: bytes,
    peak_reserved_bytes: bytes,
    peak_resident_bytes: bytes,
  };
  return { batch_tokens, ledger } as unknown as FitPlan;
}

test("planDrafts uses at most the rest of the budget, and adds the drafts to the sum", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 300_000 }),
      fc.integer({ min: 1, max: 512 }),
      fc.nat({ max: 40_000_000 }),
      (vocabularySize, batchTokens, spare) => {
        const { ledger, draft_tokens = 0 } = planDrafts(planOf(batchTokens, 1000), 1000 + spare, vocabularySize);
        const line = ledger.lines.find(({ name }) => name === "drafts");
        expect(line?.reserved_bytes ?? 0).toBe(draft_tokens * vocabularySize * 4);
        expect(ledger.peak_resident_bytes).toBe(1000 + (line?.resident_bytes ?? 0));
        expect(ledger.peak_reserved_bytes).toBe(1000 + (line?.reserved_bytes ?? 0));
        expect(ledger.steady_resident_bytes).toBe(ledger.peak_resident_bytes);
        expect(ledger.peak_resident_bytes).toBeLessThanOrEqual(1000 + spare);
        expect(draft_tokens === 0 || draft_tokens < batchTokens).toBe(true);
        if (batchTokens < 16) return;
        expect(draft_tokens).toBe([15, 7, 3].find((tokens) => 8 * tokens * vocabularySize <= spare) ?? 0);
      },
    ),
  );
});
