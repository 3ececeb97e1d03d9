import type { Recommendation, Recommendations, RecommendOptions } from "@nanoagent/hub";
import { BYTES_PER_MB } from "@nanoagent/models";
import { interval, mb, standing } from "../optimize/format-plans.js";
import type { PlanningDevice } from "../optimize/planning-device.js";
import { type Column, formatTable } from "../output/format-table.js";
import { plainLine } from "../output/plain-text.js";

/** Most models in the table. `--json` has all. */
const MAX_SHOWN = 10;

const COLUMNS: readonly Column<Recommendation>[] = [
  { title: "", cell: (_, index) => `${index + 1}` },
  { title: "model", isText: true, cell: ({ name }) => plainLine(name) },
  { title: "file", isText: true, leftOut: 2, cell: ({ quantization }) => plainLine(quantization) },
  {
    title: "download MB",
    cell: ({ download_bytes }) => (download_bytes === null ? "unknown" : `~${whole(download_bytes)}`),
  },
  { title: "memory MB", cell: ({ memory_bytes, plan }) => `${plan === null ? "~" : ""}${whole(memory_bytes)}` },
  { title: "context", leftOut: 4, cell: ({ context_tokens }) => String(context_tokens ?? "unknown") },
  { title: "answer/s", cell: ({ forecast }) => interval(forecast?.decode_at_start) },
  { title: "license", isText: true, leftOut: 1, cell: ({ license }) => plainLine(license ?? "unknown") },
  { title: "good for", isText: true, leftOut: 3, cell: ({ good_for }) => good_for.join(", ") || "unknown" },
];

interface RecommendationsView {
  device: PlanningDevice;
  /** Columns of the terminal; null: unlimited. */
  width: number | null;
  use: RecommendOptions["for"];
}

/** Formats the models that fit as a table, with what its figures stand on and how to get the first. */
export function formatRecommendations(
  { models }: Recommendations,
  { device, width, use }: RecommendationsView,
): string {
  const [best] = models;
  if (best === undefined) return "";
  const room = width === null ? Number.POSITIVE_INFINITY : Math.max(40, width);
  const title =
    `Models ${use === null ? "" : `for ${use} `}within ${(device.budgetBytes / BYTES_PER_MB).toFixed(0)} MB ` +
    `(${device.budgetSource}) for ${plainLine(device.device.device_id)}, best first:`;
  const more = models.length > MAX_SHOWN ? [`and ${models.length - MAX_SHOWN} more: --json shows them`] : [];
  return `${[
    title,
    ...formatTable(models.slice(0, MAX_SHOWN), COLUMNS, room),
    ...more,
    "Sizes are rounded figures of the built-in catalogue; pull shows exact ones. --json says what each figure stands on.",
    ...(best.forecast === null ? [] : [standing({ forecast: best.forecast }, device)]),
    `To get the first: nanoagent models pull ${plainLine(best.name)}`,
  ].join("\n")}\n`;
}

function whole(bytes: number): string {
  return mb(bytes).replace(/\.\d+$/, "");
}
