import type { FitPlan, ForecastLine, MemoryLedger } from "@nanoagent/models";
import { explainFit, type FitWish, missedFloors } from "@nanoagent/optimizer";
import { plainLine } from "../output/plain-text.js";
import type { PlanningDevice } from "./planning-device.js";

const BYTES_PER_MB = 2 ** 20;
const BAR_LENGTH = 60;
const SPEED_BAR_LENGTH = 30;
const MOST_PLANS = 10;
/** Colours of a terminal for the parts of a ledger, and letters where there are none. */
const PART_COLORS = [34, 32, 33, 35, 36, 31, 94, 92, 93, 95];
const PART_LETTERS = "wkcoevgrpt";

interface PlanView {
  device: PlanningDevice;
  wish: FitWish;
  isColored: boolean;
  isExplained: boolean;
}

/** The plans as a table, the best one's memory as a bar, and how fast each quantization answers. */
export function formatPlans(plans: readonly FitPlan[], view: PlanView): string {
  const { device, wish } = view;
  const [best] = plans;
  if (best === undefined) return "";
  const title =
    `Plans within ${mb(device.budgetBytes)} MB (${device.budgetSource}) for ${device.device.device_id}, ` +
    `${wish.for ?? "quality"} first:`;
  const sections = [
    [plainLine(title), ...table(plans.slice(0, MOST_PLANS), wish), ...hidden(plans)].join("\n"),
    ledgerBar(best.ledger, device.budgetBytes, view.isColored),
    speedBars(plans),
    standing(best, device),
    ...(view.isExplained ? [explainFit(best).trimEnd()] : []),
  ];
  return sections.map((section) => `\n${section}\n`).join("");
}

function table(plans: readonly FitPlan[], wish: FitWish): string[] {
  const rows = plans.map((plan, index) => [
    `${index + 1}`,
    weightsOf(plan),
    String(plan.context_tokens),
    plan.kv_type,
    String(plan.batch_tokens),
    mb(plan.ledger.peak_resident_bytes),
    rate(plan.forecast?.prefill_at_start),
    interval(plan.forecast?.decode_at_start),
    rate(plan.forecast?.decode_at_full_context),
    `${plan.decode_threads}`,
    plan.quality === null ? "?" : plan.quality.expected_divergence.toFixed(3),
    missedFloors(plan, wish).join("; "),
  ]);
  const head = ["", "weights", "context", "KV", "batch", "MB", "read/s", "answer/s", "full", "threads", "KLD", ""];
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? "").length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (isText(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ")
      .trimEnd();
  return [line(head), ...rows.map(line)];
}

const TEXT_COLUMNS: ReadonlySet<number> = new Set([1, 3, 11]);
function isText(column: number): boolean {
  return TEXT_COLUMNS.has(column);
}

function hidden(plans: readonly FitPlan[]): string[] {
  return plans.length > MOST_PLANS ? [`and ${plans.length - MOST_PLANS} more: --json shows them`] : [];
}

function weightsOf({ model_path, quantize_to }: FitPlan): string {
  const name = plainLine(model_path.replace(/^.*[/\\]/, ""));
  return quantize_to === null ? name : `${name} in ${quantize_to}`;
}

/** One bar of what a plan takes at its peak, part by part, against the budget. */
function ledgerBar({ lines, peak_resident_bytes }: MemoryLedger, budgetBytes: number, isColored: boolean): string {
  const scale = BAR_LENGTH / Math.max(budgetBytes, peak_resident_bytes, 1);
  const parts = [...lines]
    .filter(({ resident_bytes }) => resident_bytes > 0)
    .sort((one, other) => other.resident_bytes - one.resident_bytes);
  let end = 0;
  let drawn = 0;
  const legend: string[] = [];
  const bar = parts.map(({ name, kind, resident_bytes }, index) => {
    end += resident_bytes;
    const length = Math.round(end * scale) - drawn;
    drawn += length;
    const letter = PART_LETTERS[index % PART_LETTERS.length] ?? "#";
    const color = PART_COLORS[index % PART_COLORS.length] ?? 37;
    const paint = (text: string) => (isColored ? `\u001b[${color}m${text}\u001b[0m` : text);
    legend.push(`  ${paint(isColored ? "█" : letter)} ${mb(resident_bytes).padStart(8)}  ${name} (${kind})`);
    return paint((isColored ? "█" : letter).repeat(length));
  });
  const free = ".".repeat(Math.max(0, BAR_LENGTH - drawn));
  return [
    `Memory of plan 1: ${mb(peak_resident_bytes)} of ${mb(budgetBytes)} MB`,
    `[${bar.join("")}${free}]`,
    ...legend,
  ].join("\n");
}

function speedBars(plans: readonly FitPlan[]): string {
  const rated = plans.slice(0, MOST_PLANS).map((plan) => ({
    label: weightsOf(plan),
    rate: plan.forecast?.decode_at_start.expected ?? 0,
  }));
  const fastest = Math.max(...rated.map(({ rate }) => rate), Number.MIN_VALUE);
  const width = Math.max(...rated.map(({ label }) => label.length));
  const lines = rated.map(
    ({ label, rate }) =>
      `  ${label.padEnd(width)}  ${"#".repeat(Math.round((SPEED_BAR_LENGTH * rate) / fastest)).padEnd(SPEED_BAR_LENGTH)}  ${rate.toFixed(1)}`,
  );
  return ["Tokens of an answer per second:", ...lines].join("\n");
}

/** What the speeds stand on. */
function standing({ forecast }: FitPlan, { isThisOne, measurement }: PlanningDevice): string {
  switch (forecast?.grade) {
    case "measured":
      return "Speeds: measured on this device with this model.";
    case "calibrated":
      return "Speeds: calibrated on this device with another model.";
    default: {
      const ground = measurement === null ? "from the kind of device alone" : "from a micro-benchmark of the device";
      const hint = isThisOne ? " nanoagent optimize --calibrate SMALL-MODEL makes them surer." : "";
      return `Speeds: a prior, ${ground}.${hint}`;
    }
  }
}

function interval(line: ForecastLine | undefined): string {
  return line === undefined ? "?" : `${digits(line.expected)} (${digits(line.low)}-${digits(line.high)})`;
}

function rate(line: ForecastLine | undefined): string {
  return line === undefined ? "?" : digits(line.expected);
}

function digits(value: number): string {
  return value < 10 ? value.toFixed(1) : value.toFixed(0);
}

function mb(bytes: number): string {
  return (bytes / BYTES_PER_MB).toFixed(1);
}
