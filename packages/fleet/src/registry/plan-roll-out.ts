import type { BundleHead } from "../bundle/bundle-manifest.js";
import { FleetError } from "../fleet-error.js";
import type { RegisteredAgent } from "./registered-agent.js";
import type { RollOutFailure } from "./roll-out-event.js";

/** Most agents that an error names. */
const MAX_NAMED = 5;

/** Who gets a bundle, and who first. Lists are sorted by ID, with those that are online first. */
export interface RollOutPlan {
  readonly canaries: readonly RegisteredAgent[];
  readonly others: readonly RegisteredAgent[];
  readonly applied: readonly RegisteredAgent[];
  readonly skipped: readonly RollOutFailure[];
}

export interface PlanOptions {
  readonly canary: number;
  readonly hasApplied: (agent: RegisteredAgent) => boolean;
}

/**
 * Decides who gets a bundle first. Agents that are online are canaries before those that are not, and those that have applied
 * it already count as canaries. Throws `FleetError` (`bundle-outdated`) if all have a newer one.
 */
export function planRollOut(
  { manifest: { sequence } }: BundleHead,
  agents: readonly RegisteredAgent[],
  { canary, hasApplied }: PlanOptions,
): RollOutPlan {
  const newest = (agent: RegisteredAgent) => newestSequence(agent);
  const skipped = agents
    .filter((agent) => newest(agent) > sequence)
    .map(({ id, ...agent }) => ({ id, reason: `It has applied sequence ${newest({ id, ...agent })} already.` }));
  if (skipped.length === agents.length) throw outdated(sequence, skipped);
  const left = agents.filter((agent) => newest(agent) <= sequence);
  const applied = left.filter(hasApplied);
  const fresh = left.filter((agent) => !hasApplied(agent));
  const online = fresh.filter((agent) => agent.online);
  const sorted = [...online, ...fresh.filter((agent) => !agent.online)];
  const wanted = Math.max(0, canary - applied.length);
  // A canary that is offline proves nothing, so it is one only where no other is left.
  const count = online.length === 0 ? wanted : Math.min(wanted, online.length);
  return { canaries: sorted.slice(0, count), others: sorted.slice(count), applied, skipped };
}

/** Sequence of the newest bundle that an agent is known to have applied; 0 without one. */
function newestSequence({ card, update }: RegisteredAgent): number {
  const applied = update?.state === "applied" || update?.state === "current" ? update.sequence : 0;
  return Math.max(card.bundle?.sequence ?? 0, applied);
}

function outdated(sequence: number, skipped: readonly RollOutFailure[]): FleetError {
  const names = skipped.slice(0, MAX_NAMED).map(({ id, reason }) => `${id}: ${reason}`);
  const more = skipped.length > MAX_NAMED ? ` So have ${skipped.length - MAX_NAMED} others.` : "";
  return new FleetError({
    code: "bundle-outdated",
    message: `The selected agents have newer bundles than the one with sequence ${sequence}.`,
    reason: `${names.join(" ")}${more}`,
    hint: "Create the bundle again with a higher --sequence.",
  });
}
