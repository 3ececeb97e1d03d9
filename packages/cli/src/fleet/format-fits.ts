import { interval, mb } from "../optimize/format-plans.js";
import { type Column, formatTable } from "../output/format-table.js";
import { plainLine } from "../output/plain-text.js";
import type { AgentFit } from "./fit-agents.js";

const COLUMNS: readonly Column<AgentFit>[] = [
  { title: "id", isText: true, cell: ({ id }) => plainLine(id) },
  { title: "fits", isText: true, cell: ({ fits }) => (fits ? "yes" : "no") },
  { title: "context", cell: ({ context_tokens }) => String(context_tokens ?? "") },
  { title: "MB", leftOut: 1, cell: ({ plan }) => (plan === null ? "" : mb(plan.ledger.peak_resident_bytes)) },
  { title: "of", leftOut: 3, cell: ({ budget_mb }) => String(Math.floor(budget_mb)) },
  {
    title: "answer/s",
    leftOut: 2,
    cell: ({ plan, tokens_per_second }) => (plan === null ? "" : interval(tokens_per_second ?? undefined)),
  },
];

/** Formats which agents could run a model, as a table. The reasons and the missed minimums are below each row. */
export function formatFits(fits: readonly AgentFit[], width: number): string {
  const below = ({ missed, reason }: AgentFit) =>
    (reason === null ? missed : [reason]).map((text) => `   ! ${plainLine(text)}`);
  const able = fits.filter((fit) => fit.fits).length;
  const summary = `${able} of ${fits.length} ${fits.length === 1 ? "agent" : "agents"} could run it.`;
  return `${[...formatTable(fits, COLUMNS, width, below), summary].join("\n")}\n`;
}
