import type { FitPlan, LedgerLine } from "@nanoagent/models";
import { formatMb } from "./format-mb.js";
import { labelOfLine } from "./ledger-labels.js";

/**
 * Formats a plan as text that a person can check by hand: the load settings, and the memory in MB of 2^20 bytes, line
 * by line. In bytes the lines add up exactly; here each one is rounded to 0.1 MB.
 */
export function explainFit(plan: FitPlan): string {
  const { model, ledger } = plan;
  const rows = ledger.lines.map((line) => row(line.resident_bytes, line.reserved_bytes, describeLine(line)));
  const total = (resident: number, reserved: number, label: string) => row(resident, reserved, label);
  const hasTransient = ledger.lines.some(({ kind }) => kind === "transient");
  return [
    `${plan.model_path}: ${[model.architecture, parametersOf(model.parameter_count), `${formatMb(model.file_bytes)} MB`]
      .filter(Boolean)
      .join(", ")}`,
    ...(plan.quantize_to === null ? [] : [`quantized to ${plan.quantize_to} before loading`]),
    `context ${plan.context_tokens} tokens${longestOf(plan)}, batch ${plan.batch_tokens} tokens, KV cache ${plan.kv_type}, ` +
      `weights ${plan.maps_file ? "mapped" : "read"}, ` +
      `${plural(plan.prefill_threads, "thread")} for prompts and ${plan.decode_threads} for replies`,
    "",
    "  resident   reserved   MB",
    ...rows,
    RULE,
    ...(hasTransient ? [total(ledger.peak_resident_bytes, ledger.peak_reserved_bytes, "peak while loading")] : []),
    total(ledger.steady_resident_bytes, ledger.steady_reserved_bytes, "total"),
    "",
    ...LEGEND,
    "",
  ].join("\n");
}

const COLUMN_WIDTH = 10;
const RULE = `${"-".repeat(COLUMN_WIDTH)} ${"-".repeat(COLUMN_WIDTH)}`;
const LEGEND = [
  "resident: in RAM; a plan fits if this is within the budget. reserved: allocated, even if not used yet.",
  "pinned: stays in RAM. evictable: file pages that the system can drop. transient: needed only while loading.",
];

function row(residentBytes: number, reservedBytes: number, text: string): string {
  return `${formatMb(residentBytes).padStart(COLUMN_WIDTH)} ${formatMb(reservedBytes).padStart(COLUMN_WIDTH)}   ${text}`;
}

function describeLine({ name, kind, explanation }: LedgerLine): string {
  return `${labelOfLine(name)} (${kind}): ${explanation}`;
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
