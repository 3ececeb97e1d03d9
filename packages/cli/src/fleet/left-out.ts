import type { Registry } from "@nanoagent/fleet";
import { cutText } from "@nanoagent/models";
import type { Streams } from "../streams.js";
import { safe } from "./describe-agent.js";

/** Most IDs that the line names. */
const MAX_NAMED = 5;

/** Says how many cards are left out of what is shown. */
export function noteLeftOut(
  { malformed, malformedIds, leftOut }: Pick<Registry, "malformed" | "malformedIds" | "leftOut">,
  { stderr }: Streams,
): void {
  if (malformed > 0) {
    const names = malformedIds.slice(0, MAX_NAMED).map((id) => cutText(safe(id), 64));
    const more = malformed > names.length ? ", …" : "";
    const list = names.length === 0 ? "" : `: ${names.join(", ")}${more}`;
    const reason = malformed === 1 ? "it cannot be read" : "they cannot be read";
    stderr.write(`note: ${cards(malformed)} left out, because ${reason}${list}\n`);
  }
  if (leftOut > 0) stderr.write(`note: ${cards(leftOut)} left out, because the broker has too many.\n`);
}

function cards(count: number): string {
  return count === 1 ? "1 card is" : `${count} cards are`;
}
