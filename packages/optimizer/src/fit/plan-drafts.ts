import type { FitPlan } from "@nanoagent/models";

/**
 * Most tokens that are checked in one batch, including the one before the draft; as in the engine's `draft-payoff.ts`.
 */
const MAX_CHECKED_TOKENS = 16;
const FEWEST_CHECKED_TOKENS = 4;
const FLOAT_BYTES = 4;

/**
 * Adds memory for draft tokens to a plan, as many as the rest of the budget allows. The logits of each draft token are
 * kept; they are computed in a buffer that is already reserved. Nothing else in the plan changes.
 */
export function planDrafts(plan: FitPlan, budgetBytes: number, vocabularySize: number): FitPlan {
  const { lines, ...sums } = plan.ledger;
  let checked = Math.min(MAX_CHECKED_TOKENS, plan.batch_tokens);
  const reservedBytes = () => (checked - 1) * vocabularySize * FLOAT_BYTES;
  while (checked >= FEWEST_CHECKED_TOKENS && sums.peak_resident_bytes + 2 * reservedBytes() > budgetBytes)
    checked >>= 1;
  if (checked < FEWEST_CHECKED_TOKENS) return plan;
  const reserved_bytes = reservedBytes();
  const resident_bytes = 2 * reserved_bytes;
  const draft_tokens = checked - 1;
  const explanation = `${draft_tokens} draft tokens × ${vocabularySize} × ${FLOAT_BYTES} bytes of logits, computed and kept`;
  const ledger = {
    lines: [...lines, { name: "drafts", kind: "pinned" as const, reserved_bytes, resident_bytes, explanation }],
    steady_reserved_bytes: sums.steady_reserved_bytes + reserved_bytes,
    steady_resident_bytes: sums.steady_resident_bytes + resident_bytes,
    peak_reserved_bytes: sums.peak_reserved_bytes + reserved_bytes,
    peak_resident_bytes: sums.peak_resident_bytes + resident_bytes,
  };
  return { ...plan, draft_tokens, ledger };
}
