import type { FitPlan, LedgerLine } from "@nanoagent/models";
import { formatMb } from "./format-mb.js";

/**
 * The plan as text that a person can check by hand: how the model is loaded, and the sum of what that takes, line by
 * line, in MB of 2^20 bytes. The lines add up to the totals exactly in bytes, and here to within 0.05 MB for each.
 */
export function explainFit(plan: FitPlan): string {
  const { model, ledger } = plan;
  const rows = ledger.lines.map((line) => row(line.resident_bytes, line.reserved_bytes, describeLine(line)));
  const total = (resident: number, reserved: number, what: string) => row(resident, reserved, what);
  const hasTransient = ledger.lines.some(({ kind }) => kind === "transient");
  return [
    `${plan.model_path}: ${[model.architecture, parametersOf(model.parameter_count), `${formatMb(model.file_bytes)} MB`]
      .filter(Boolean)
      .join(", ")}`,
    ...(plan.quantize_to === null ? [] : [`quantized to ${plan.quantize_to} before it is loaded`]),
    `context ${plan.context_tokens} tokens${longestOf(plan)}, ${plan.batch_tokens} at once, KV cache ${plan.kv_type}, ` +
      `weights ${plan.maps_file ? "mapped" : "read"}, ` +
      `${plural(plan.prefill_threads, "thread")} to read and ${plan.decode_threads} to answer`,
    "",
    "  resident   reserved   MB",
    ...rows,
    RULE,
    ...(hasTransient ? [total(ledger.peak_resident_bytes, ledger.peak_reserved_bytes, "while it is loaded")] : []),
    total(ledger.steady_resident_bytes, ledger.steady_reserved_bytes, "in all"),
    "",
  ].join("\n");
}

const COLUMN_WIDTH = 10;
const RULE = `${"-".repeat(COLUMN_WIDTH)} ${"-".repeat(COLUMN_WIDTH)}`;

function row(residentBytes: number, reservedBytes: number, text: string): string {
  return `${formatMb(residentBytes).padStart(COLUMN_WIDTH)} ${formatMb(reservedBytes).padStart(COLUMN_WIDTH)}   ${text}`;
}

function describeLine({ name, kind, explanation }: LedgerLine): string {
  return `${name} (${kind}): ${explanation}`;
}

function longestOf({ context_tokens, longest_context_tokens = context_tokens }: FitPlan): string {
  return longest_context_tokens > context_tokens ? ` (up to ${longest_context_tokens} fit)` : "";
}

function parametersOf(count: number | null): string | null {
  return count === null ? null : `${(count / 1e6).toFixed(1)} M parameters`;
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
