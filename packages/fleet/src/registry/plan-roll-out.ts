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
 * it already count as canaries. Throws `FleetError` if nobody can get it: `bundle-outdated` if all have a newer one, else
 * `bundle-unsuitable`.
 */
export function planRollOut(
  { manifest: { sequence } }: BundleHead,
  agents: readonly RegisteredAgent[],
  { canary, hasApplied }: PlanOptions,
): RollOutPlan {
  const isNewer = (agent: RegisteredAgent) => newestSequence(agent) > sequence;
  const isClosed = (agent: RegisteredAgent) => agent.card.takes_updates === false && !hasApplied(agent);
  const skipped = agents
    .filter((agent) => isNewer(agent) || isClosed(agent))
    .map((agent) => ({ id: agent.id, reason: isNewer(agent) ? newerReason(agent) : CLOSED }));
  if (agents.every(isNewer)) throw outdated(sequence, skipped);
  if (skipped.length === agents.length) throw unsuitable(skipped);
  const left = agents.filter((agent) => !isNewer(agent) && !isClosed(agent));
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

const CLOSED = "It takes no updates: it does not run from a bundle, or its fleet.trust has no key.";

function newerReason(agent: RegisteredAgent): string {
  return `It has applied sequence ${newestSequence(agent)} already.`;
}

function outdated(sequence: number, skipped: readonly RollOutFailure[]): FleetError {
  return new FleetError({
    code: "bundle-outdated",
    message: `The selected agents have newer bundles than the one with sequence ${sequence}.`,
    reason: namesOf(skipped),
    hint: "Create the bundle again with a higher --sequence.",
  });
}

function unsuitable(skipped: readonly RollOutFailure[]): FleetError {
  return new FleetError({
    code: "bundle-unsuitable",
    message: "None of the selected agents can get this bundle.",
    reason: namesOf(skipped),
    hint: "Apply a bundle at the device with nanoagent bundle apply, and set fleet.trust in its config.",
  });
}

function namesOf(skipped: readonly RollOutFailure[]): string {
  const names = skipped.slice(0, MAX_NAMED).map(({ id, reason }) => `${id}: ${reason}`);
  const more = skipped.length > MAX_NAMED ? ` The same holds for ${skipped.length - MAX_NAMED} others.` : "";
  return `${names.join(" ")}${more}`;
}
