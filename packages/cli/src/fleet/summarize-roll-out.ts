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

function adviceOn({ state, waiting, failed, not_offered: notOffered }: RollOutResult): string | null {
  const again = "Run the same command again";
  switch (state) {
    case "interrupted":
      return waiting.length === 0
        ? `Interrupted. ${again} to start.`
        : `Interrupted. Agents that have the offer go on by themselves. ${again} to continue with the others.`;
    case "stopped":
      return "Stopped, because too many agents failed. Offers that were not used are withdrawn. A device that has rolled the bundle back does not try it again: create one with a higher sequence. Those that refused it try it when the same command runs again.";
    case "unproven":
      return notOffered.length === 0
        ? `All of them are offline, so nothing is proved. ${again} when one of them is online.`
        : `The first agents are offline, so the others have no offer. ${again} when one of them is online.`;
    default:
      if (failed.length > 0)
        return `${again} for those that refused it. Those that rolled it back need a bundle with a higher sequence, or nanoagent bundle apply on the device.`;
      return waiting.length > 0 ? "Agents that wait update when they are online." : null;
  }
}
