import type { Registry } from "@nanoagent/fleet";
import type { Streams } from "../streams.js";

/** Says how many cards are left out of what is shown. */
export function noteLeftOut(
  { malformed, leftOut }: Pick<Registry, "malformed" | "leftOut">,
  { stderr }: Streams,
): void {
  if (malformed > 0) stderr.write(`note: ${cards(malformed)} left out, because they cannot be read.\n`);
  if (leftOut > 0) stderr.write(`note: ${cards(leftOut)} left out, because the broker has too many.\n`);
}

function cards(count: number): string {
  return count === 1 ? "1 card is" : `${count} cards are`;
}
