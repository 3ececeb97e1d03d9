import type { RollOutResult } from "@nanoagent/fleet";
import { namesOf } from "./update-lines.js";

/** Returns the end of a roll-out in a few lines, with what to do next. */
export function summarizeRollOut(result: RollOutResult): string {
  const { applied, failed, waiting, not_offered: notOffered, skipped } = result;
  const rows: (readonly [string, readonly string[]])[] = [
    ["applied", applied],
    ["failed", failed.map(({ id }) => id)],
    ["waiting", waiting],
    ["not offered", notOffered],
    ["left out", skipped.map(({ id }) => id)],
  ];
  const table = rows
    .filter(([label, ids]) => ids.length > 0 || label === "applied")
    .map(
      ([label, ids]) =>
        `${`${label}:`.padEnd(13)}${String(ids.length).padStart(4)}${ids.length === 0 ? "" : `  ${namesOf(ids)}`}`,
    );
  const advice = adviceOn(result);
  return `${[...table, ...(advice === null ? [] : [advice])].join("\n")}\n`;
}

function adviceOn({ state, waiting, failed }: RollOutResult): string | null {
  const again = "Run the same command again";
  switch (state) {
    case "interrupted":
      return waiting.length === 0
        ? `Interrupted. ${again} to start.`
        : `Interrupted. Agents that have the offer go on by themselves. ${again} to continue with the others.`;
    case "stopped":
      return "Stopped, because too many agents failed. Offers that were not used are withdrawn. Create a new bundle with a higher sequence, or correct the agents and run the same command again.";
    case "unproven":
      return `The first agents are offline, so the others have no offer. ${again} when one of them is online.`;
    default:
      if (failed.length > 0) return `${again} to try those that failed once more.`;
      return waiting.length > 0 ? "Agents that wait update when they are online." : null;
  }
}
