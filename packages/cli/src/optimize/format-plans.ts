import { BYTES_PER_MB, type FitPlan, type ForecastLine, type MemoryLedger } from "@nanoagent/models";
import { explainFit, labelOfLine, missedFloors, type PlanFacts, type PlanGoal } from "@nanoagent/optimizer";
import { type Column, formatTable } from "../output/format-table.js";
import { plainLine } from "../output/plain-text.js";
import type { PlanningDevice } from "./planning-device.js";

const BAR_LENGTH = 60;
const SPEED_BAR_LENGTH = 30;
/** Fewest columns of the output. On narrower terminals, lines wrap. */
const MIN_WIDTH = 40;
const MAX_PLANS = 10;
/** ANSI colors of the parts of a ledger. */
const PART_COLORS = [34, 32, 33, 35, 36, 31, 94, 92, 93, 95];

interface PlanView {
  device: PlanningDevice;
  /** Parts of the budget: for the model, and for the program. */
  facts: Pick<PlanFacts, "budgetBytes" | "programBytes">;
  goal: PlanGoal;
  isColored: boolean;
  /** Columns of the terminal; null without a terminal, for unlimited lines. */
  width: number | null;
  isExplained: boolean;
}

/** Formats the plans as a table, with a memory bar of the best one and a speed bar of each. */
export function formatPlans(plans: readonly FitPlan[], view: PlanView): string {
  const { device, facts, goal } = view;
  const width = view.width === null ? Number.POSITIVE_INFINITY : Math.max(MIN_WIDTH, view.width);
  const [best] = plans;
  if (best === undefined) return "";
  const title =
    `Plans within ${mb(device.budgetBytes)} MB (${device.budgetSource}) for ${device.device.device_id}, ` +
    `${goal.for ?? "quality"} first:`;
  const sections = [
    [plainLine(title), ...table(plans.slice(0, MAX_PLANS), goal, width), ...hidden(plans)].join("\n"),
    ledgerBar(best.ledger, facts.budgetBytes, view.isColored, width),
    speedBars(plans, view.isColored, width),
    [...programShare(facts), standing(best, device), ...quality(plans)].join("\n"),
    ...(view.isExplained ? explained(plans).map((plan) => explainFit(plan).trimEnd()) : []),
  ];
  return sections.map((section) => `\n${section}\n`).join("");
}

const COLUMNS: readonly Column<FitPlan>[] = [
  { title: "", cell: (_, index) => `${index + 1}` },
  { title: "weights", isText: true, cell: weightsOf },
  { title: "context", cell: ({ context_tokens }) => String(context_tokens) },
  { title: "longest", leftOut: 7, cell: (plan) => String(plan.longest_context_tokens ?? plan.context_tokens) },
  { title: "KV", isText: true, leftOut: 2, cell: ({ kv_type }) => kv_type },
  { title: "batch", leftOut: 4, cell: ({ batch_tokens }) => String(batch_tokens) },
  { title: "MB", cell: ({ ledger }) => mb(ledger.peak_resident_bytes) },
  { title: "read/s", leftOut: 3, cell: ({ forecast }) => rate(forecast?.prefill_at_start) },
  { title: "answer/s", cell: ({ forecast }) => interval(forecast?.decode_at_start) },
  { title: "full", leftOut: 5, cell: ({ forecast }) => rate(forecast?.decode_at_full_context) },
  { title: "threads", leftOut: 6, cell: ({ decode_threads }) => String(decode_threads) },
  { title: "KLD", leftOut: 1, cell: ({ quality }) => quality?.expected_divergence.toFixed(3) ?? "?" },
];

/** Formats the plans as a table. The goals that a plan misses are on a line below it. */
function table(plans: readonly FitPlan[], goal: PlanGoal, width: number): string[] {
  return formatTable(plans, COLUMNS, width, (plan) => missedFloors(plan, goal).map((missed) => `   ! ${missed}`));
}

const COLUMN_GAP = "  ";

function hidden(plans: readonly FitPlan[]): string[] {
  return plans.length > MAX_PLANS ? [`and ${plans.length - MAX_PLANS} more: --json shows them`] : [];
}

function weightsOf({ model_path, quantize_to }: FitPlan): string {
  const name = plainLine(model_path.replace(/^.*[/\\]/, ""));
  return quantize_to === null ? name : `${name} in ${quantize_to}`;
}

/** Returns the plans to explain: the best one, and the best that loads a file as it is if the best one converts it. */
function explained(plans: readonly FitPlan[]): FitPlan[] {
  const [best] = plans;
  const asItIs = plans.find(({ quantize_to }) => quantize_to === null);
  return [best, asItIs].filter((plan, at, all) => plan !== undefined && all.indexOf(plan) === at) as FitPlan[];
}

/** Draws the peak memory of a plan, part by part, against the budget. Without colors, letters mark the parts. */
function ledgerBar(
  { lines, peak_resident_bytes }: MemoryLedger,
  budgetBytes: number,
  isColored: boolean,
  width: number,
): string {
  const barLength = Math.min(BAR_LENGTH, width - "[]".length);
  const scale = barLength / Math.max(budgetBytes, peak_resident_bytes, 1);
  const parts = [...lines]
    .filter(({ resident_bytes }) => resident_bytes > 0)
    .sort((one, other) => other.resident_bytes - one.resident_bytes);
  let end = 0;
  let drawn = 0;
  const legend: string[] = [];
  const letters = new Set<string>();
  const bar = parts.map(({ name, kind, resident_bytes }, index) => {
    end += resident_bytes;
    const length = Math.round(end * scale) - drawn;
    drawn += length;
    const label = labelOfLine(name);
    const letter = [...label.toLowerCase()].find((one) => one >= "a" && !letters.has(one)) ?? "#";
    letters.add(letter);
    const color = PART_COLORS[index % PART_COLORS.length] ?? 37;
    const paint = (text: string) => (isColored ? painted(text, color) : text);
    legend.push(`  ${paint(isColored ? "█" : letter)} ${mb(resident_bytes).padStart(8)}  ${label} (${kind})`);
    return paint((isColored ? "█" : letter).repeat(length));
  });
  const free = ".".repeat(Math.max(0, barLength - drawn));
  return [
    `Memory of plan 1: ${mb(peak_resident_bytes)} of ${mb(budgetBytes)} MB`,
    `[${bar.join("")}${free}]`,
    ...legend,
  ].join("\n");
}

/** Draws the answer speed of each plan, with the fastest in green. */
function speedBars(plans: readonly FitPlan[], isColored: boolean, width: number): string {
  const rated = plans.slice(0, MAX_PLANS).map((plan) => ({
    label: weightsOf(plan),
    rate: plan.forecast?.decode_at_start.expected ?? 0,
  }));
  const fastest = Math.max(...rated.map(({ rate }) => rate), Number.MIN_VALUE);
  const labelLength = Math.max(...rated.map(({ label }) => label.length));
  const numberLength = Math.max(...rated.map(({ rate }) => rate.toFixed(1).length));
  const room = width - labelLength - numberLength - 3 * COLUMN_GAP.length;
  const barLength = Math.max(0, Math.min(SPEED_BAR_LENGTH, room));
  const lines = rated.map(({ label, rate }) => {
    const length = Math.round((barLength * rate) / fastest);
    const bar = isColored ? painted("█".repeat(length), rate === fastest ? GREEN : BLUE) : "#".repeat(length);
    const parts = [label.padEnd(labelLength), `${bar}${" ".repeat(barLength - length)}`];
    return `  ${[...parts, rate.toFixed(1).padStart(numberLength)].join(COLUMN_GAP)}`;
  });
  return ["Answer tokens per second:", ...lines].join("\n");
}

const BLUE = 34;
const GREEN = 32;

function painted(text: string, color: number): string {
  return `\u001b[${color}m${text}\u001b[0m`;
}

/** Describes the program's part of the budget. */
function programShare({ programBytes = 0 }: PlanView["facts"]): string[] {
  return programBytes === 0
    ? []
    : [`Program: ${mb(programBytes)} MB of the budget are reserved for the program itself.`];
}

/** Describes the basis of the speeds. */
export function standing({ forecast }: Pick<FitPlan, "forecast">, { isThisOne, measurement }: PlanningDevice): string {
  switch (forecast?.grade) {
    case "measured":
      return "Speeds: measured on this device with this model.";
    case "calibrated":
      return "Speeds: calibrated on this device with another model.";
    default: {
      const ground = measurement === null ? "from the kind of device alone" : "from a micro-benchmark of the device";
      const hint = isThisOne ? " nanoagent optimize --calibrate SMALL-MODEL makes them more accurate." : "";
      return `Speeds: a prior, ${ground}.${hint}`;
    }
  }
}

function quality(plans: readonly FitPlan[]): string[] {
  if (plans.every((plan) => plan.quality === null)) return [];
  return [
    "KLD: expected divergence from the unquantized model's answers, a prior. 0.05 is hardly noticeable; 0.5 is obvious.",
  ];
}

/** Formats a speed with its interval: `12 (8.1-15)`. */
export function interval(line: ForecastLine | undefined): string {
  return line === undefined ? "?" : `${digits(line.expected)} (${digits(line.low)}-${digits(line.high)})`;
}

/** Formats a speed without its interval. */
export function rate(line: ForecastLine | undefined): string {
  return line === undefined ? "?" : digits(line.expected);
}

function digits(value: number): string {
  return value < 10 ? value.toFixed(1) : value.toFixed(0);
}

/** Formats a size in MB of 2^20 bytes. */
export function mb(bytes: number): string {
  return (bytes / BYTES_PER_MB).toFixed(1);
}
