import type { RegisteredAgent } from "@nanoagent/fleet";
import { cutToWidth, displayWidth } from "../output/cut-to-width.js";
import { type Column, formatTable } from "../output/format-table.js";
import { bundleOf, concernsOf, modelOf, safe } from "./describe-agent.js";

/** Width of a table that does not go to a terminal, and of the narrowest terminal with all columns. */
const USUAL_WIDTH = 80;
const GAP = 2;

/** Says also which agents must be updated by hand. */
function bundleCell(agent: RegisteredAgent): string {
  const { takes_updates } = agent.card;
  return [bundleOf(agent), ...(takes_updates === false ? ["(no updates)"] : [])]
    .filter((part) => part !== "")
    .join(" ");
}

/** Cells that are cut on a narrow terminal, the ID last: it is needed for other commands. */
const FLEXIBLE = [
  { title: "device", leftOut: 3, least: 8, cell: ({ card }: RegisteredAgent) => card.device.device_id },
  { title: "bundle", leftOut: 2, least: 8, cell: bundleCell },
  { title: "model", leftOut: 1, least: 8, cell: modelOf },
  { title: "id", leftOut: 0, least: 12, cell: ({ id }: RegisteredAgent) => id },
] as const;

type Title = (typeof FLEXIBLE)[number]["title"];

const memoryOf = ({ card }: RegisteredAgent) => `${Math.round(card.device.memory_mb)} MB`;
const stateOf = ({ online }: RegisteredAgent) => (online ? "online" : "offline");

/** Returns the lines of a table of agents for a terminal with this many columns. */
export function formatAgents(agents: readonly RegisteredAgent[], columns: number | undefined): string[] {
  const width = columns ?? USUAL_WIDTH;
  const fixed = [
    ["state", stateOf],
    ["memory", memoryOf],
    ["health", ({ card }: RegisteredAgent) => card.health.status],
  ] as const;
  const taken = fixed.reduce((sum, [title, cell]) => sum + widest(agents, title, cell) + GAP, 0);
  const widths = share(agents, Math.max(width, USUAL_WIDTH) - taken);
  const flexible = (title: Title, leftOut?: number): Column<RegisteredAgent> => ({
    title,
    isText: true,
    ...(leftOut !== undefined && { leftOut }),
    cell: (agent) => cutToWidth(safe(FLEXIBLE.find((one) => one.title === title)?.cell(agent) ?? ""), widths[title]),
  });
  const table: Column<RegisteredAgent>[] = [
    flexible("id"),
    { title: "state", isText: true, cell: stateOf },
    flexible("device", 3),
    { title: "memory", leftOut: 4, cell: memoryOf },
    flexible("model", 1),
    flexible("bundle", 2),
    { title: "health", isText: true, cell: ({ card }) => card.health.status },
  ];
  const below = (agent: RegisteredAgent) => concernsOf(agent).map((concern) => cutToWidth(`  ${safe(concern)}`, width));
  return formatTable(agents, table, width, below, displayWidth);
}

/** Shares the columns between the flexible cells: each has what it needs, and the first of the list is cut first. */
function share(agents: readonly RegisteredAgent[], columns: number): Record<Title, number> {
  const widths = Object.fromEntries(
    FLEXIBLE.map(({ title, cell }) => [title, widest(agents, title, (agent) => safe(cell(agent)))]),
  ) as Record<Title, number>;
  let excess = Object.values(widths).reduce((sum, width) => sum + width + GAP, -GAP) - columns;
  for (const { title, least } of FLEXIBLE) {
    const cut = Math.max(0, Math.min(excess, widths[title] - least));
    widths[title] -= cut;
    excess -= cut;
  }
  return widths;
}

function widest(agents: readonly RegisteredAgent[], title: string, cell: (agent: RegisteredAgent) => string): number {
  return agents.reduce((most, agent) => Math.max(most, displayWidth(cell(agent))), title.length);
}
