import type { ModelChoice, RemoteRepository } from "@nanoagent/hub";
import { BYTES_PER_MB } from "@nanoagent/models";
import { interval, mb, rate, standing } from "../optimize/format-plans.js";
import type { PlanningDevice } from "../optimize/planning-device.js";
import { type Column, formatTable } from "../output/format-table.js";
import { plainLine } from "../output/plain-text.js";

const COLUMNS: readonly Column<ModelChoice>[] = [
  { title: "", cell: (_, index) => `${index + 1}` },
  { title: "quantization", isText: true, cell: ({ quantization, file }) => plainLine(quantization ?? file) },
  { title: "download MB", cell: ({ downloadBytes }) => mb(downloadBytes) },
  { title: "memory MB", cell: ({ plan }) => (plan === null ? "-" : mb(plan.ledger.peak_resident_bytes)) },
  { title: "context", leftOut: 2, cell: ({ plan }) => (plan === null ? "-" : String(plan.context_tokens)) },
  { title: "read/s", leftOut: 3, cell: ({ plan }) => rate(plan?.forecast?.prefill_at_start) },
  { title: "answer/s", cell: ({ plan }) => interval(plan?.forecast?.decode_at_start) },
  { title: "KLD", leftOut: 1, cell: ({ plan }) => plan?.quality?.expected_divergence.toFixed(3) ?? "?" },
];

interface ChoicesView {
  device: PlanningDevice;
  best: ModelChoice | null;
  /** Columns of the terminal; null: unlimited. */
  width: number | null;
}

/** Formats all quantizations of a repository as a table, with the reason below each one that does not fit. */
export function formatChoices(
  { repository, models }: RemoteRepository,
  choices: readonly ModelChoice[],
  { device, best, width }: ChoicesView,
): string {
  const room = width === null ? Number.POSITIVE_INFINITY : Math.max(40, width);
  const title =
    `${plainLine(repository ?? models[0]?.files[0].path ?? "Models")} within ${(device.budgetBytes / BYTES_PER_MB).toFixed(0)} MB ` +
    `(${device.budgetSource}) for ${plainLine(device.device.device_id)}:`;
  const table = formatTable(choices, COLUMNS, room, (choice) => whyNot(choice));
  const [fitting] = choices.filter(({ plan }) => plan !== null);
  const notes = [
    ...(fitting?.plan ? [standing(fitting.plan, device)] : []),
    ...(best === null ? [] : [`Best: ${plainLine(best.quantization ?? best.file)}.`]),
  ];
  return `${[title, ...table, ...notes].join("\n")}\n`;
}

function whyNot({ refusal, header, file }: ModelChoice): string[] {
  if (refusal === null) return [];
  if (refusal.code === "does-not-fit") {
    // The sum is part of the error that a pull of this file ends with.
    const [, needs = ""] = /(needs .*?): .* = /.exec(refusal.message) ?? [];
    return [`   ! does not fit: ${needs === "" ? plainLine(refusal.message) : needs}`];
  }
  // The path that the file would have here says nothing.
  const shown = header === null ? refusal.message : refusal.message.replaceAll(header.path, file);
  const message = shown.replace(/^.* cannot be used as a model: /, "");
  return [`   ! ${plainLine(message)}`];
}
