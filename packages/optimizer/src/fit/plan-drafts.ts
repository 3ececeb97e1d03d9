import type { FitPlan } from "@nanoagent/models";

/** Most tokens that are checked in one batch, the one before a draft included; as in the engine's `draft-payoff.ts`. */
const MAX_CHECKED_TOKENS = 16;
const FEWEST_CHECKED_TOKENS = 4;
const FLOAT_BYTES = 4;

/**
 * Returns a plan with room for drafts, as long ones as the rest of the budget allows: the logits of each drafted token are
 * kept, and computed in a buffer that is reserved already. Nothing else is given up for them.
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
  const explanation = `${draft_tokens} drafted tokens × ${vocabularySize} × ${FLOAT_BYTES} bytes of logits, computed and kept`;
  const ledger = {
    lines: [...lines, { name: "drafts", kind: "pinned" as const, reserved_bytes, resident_bytes, explanation }],
    steady_reserved_bytes: sums.steady_reserved_bytes + reserved_bytes,
    steady_resident_bytes: sums.steady_resident_bytes + resident_bytes,
    peak_reserved_bytes: sums.peak_reserved_bytes + reserved_bytes,
    peak_resident_bytes: sums.peak_resident_bytes + resident_bytes,
  };
  return { ...plan, draft_tokens, ledger };
}
