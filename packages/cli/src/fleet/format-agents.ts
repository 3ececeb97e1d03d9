import type { RegisteredAgent } from "@nanoagent/fleet";
import { cutInMiddle, cutToWidth, displayWidth } from "../output/cut-to-width.js";
import { type Column, formatTable } from "../output/format-table.js";
import { bundleOf, concernsOf, modelOf, safe } from "./describe-agent.js";

/** Width of a table that does not go to a terminal, and of the narrowest terminal that columns are cut for. */
const USUAL_WIDTH = 80;
const GAP = 2;

/** Says also which agents must be updated by hand. */
function bundleCell(agent: RegisteredAgent): string {
  const { takes_updates } = agent.card;
  return [bundleOf(agent), ...(takes_updates === false ? ["(no updates)"] : [])]
    .filter((part) => part !== "")
    .join(" ");
}

/** Cells that are cut on a narrow terminal, in this order. */
const FLEXIBLE = [
  { title: "device", least: 8, cell: ({ card }: RegisteredAgent) => card.device.device_id },
  { title: "bundle", least: 8, cell: bundleCell },
  { title: "model", least: 8, cell: modelOf },
  // It is needed for other commands, so others are left out before it is shorter than a UUID.
  { title: "id", least: 36, cell: ({ id }: RegisteredAgent) => id },
] as const;
/** Columns that a narrow terminal does not show. The first of them goes first. */
const LEFT_OUT: readonly string[] = ["memory", "device", "bundle", "model"];
/** Shortest ID on a terminal that is narrower than usual. */
const LEAST_ID = 12;

type Title = (typeof FLEXIBLE)[number]["title"];

const FIXED: Readonly<Record<"state" | "memory" | "health", (agent: RegisteredAgent) => string>> = {
  state: ({ online }) => (online ? "online" : "offline"),
  memory: ({ card }) => `${Math.round(card.device.memory_mb)} MB`,
  health: ({ card }) => card.health.status,
};

/** Returns the lines of a table of agents for a terminal with this many columns. */
export function formatAgents(agents: readonly RegisteredAgent[], columns: number | undefined): string[] {
  const width = columns ?? USUAL_WIDTH;
  const widths = share(agents, width);
  const leftOut = (title: string) => LEFT_OUT.length - LEFT_OUT.indexOf(title);
  const fixed = (title: keyof typeof FIXED): Column<RegisteredAgent> => ({
    title,
    isText: title !== "memory",
    ...(title === "memory" && { leftOut: leftOut(title) }),
    cell: FIXED[title],
  });
  const flexible = (title: Title): Column<RegisteredAgent> => ({
    title,
    isText: true,
    ...(title !== "id" && { leftOut: leftOut(title) }),
    cell: (agent) => {
      const text = safe(FLEXIBLE.find((one) => one.title === title)?.cell(agent) ?? "");
      return (title === "id" ? cutInMiddle : cutToWidth)(text, widths.get(title) ?? 0);
    },
  });
  const table = [
    flexible("id"),
    fixed("state"),
    flexible("device"),
    fixed("memory"),
    flexible("model"),
    flexible("bundle"),
    fixed("health"),
  ].filter(({ title }) => widths.has(title));
  const below = (agent: RegisteredAgent) => concernsOf(agent).map((concern) => cutToWidth(`  ${safe(concern)}`, width));
  return formatTable(agents, table, width, below, displayWidth);
}

/**
 * Shares a usual terminal between the columns, and returns the width of each that has room. A narrower terminal leaves out
 * more of them.
 */
function share(agents: readonly RegisteredAgent[], width: number): Map<string, number> {
  const widths = new Map<string, number>();
  for (const [title, cell] of Object.entries(FIXED)) widths.set(title, widest(agents, title, cell));
  for (const { title, cell } of FLEXIBLE)
    widths.set(
      title,
      widest(agents, title, (agent) => safe(cell(agent))),
    );
  const excess = (spared: number) =>
    [...widths.values()].reduce((sum, one) => sum + one + GAP, -GAP) - spared - Math.max(width, USUAL_WIDTH);
  const spareable = () => FLEXIBLE.map(({ title, least }) => Math.max(0, (widths.get(title) ?? 0) - least));
  for (const title of LEFT_OUT) {
    if (excess(spareable().reduce((sum, one) => sum + one, 0)) <= 0) break;
    widths.delete(title);
  }
  for (const { title, least } of FLEXIBLE) {
    const now = widths.get(title);
    if (now !== undefined) widths.set(title, now - Math.max(0, Math.min(excess(0), now - least)));
  }
  const beside = ["state", "health"].reduce((sum, title) => sum + (widths.get(title) ?? 0) + GAP, 0);
  widths.set("id", Math.min(widths.get("id") ?? 0, Math.max(LEAST_ID, width - beside)));
  return widths;
}

function widest(agents: readonly RegisteredAgent[], title: string, cell: (agent: RegisteredAgent) => string): number {
  return agents.reduce((most, agent) => Math.max(most, displayWidth(cell(agent))), title.length);
}
