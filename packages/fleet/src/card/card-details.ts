import type { DeclaredDetails, DeviceDetails, Fact } from "@nanoagent/models";
import { cardText, MAX_ENTRIES } from "./card-texts.js";

/**
 * Facts of a device that are in a card: those that stay the same while it runs. A card with the free memory or the
 * temperature would change at every look, and the path of the storage stays at home.
 */
const STABLE_FACTS: { readonly [Room in keyof DeviceDetails]?: readonly (keyof DeviceDetails[Room])[] } = {
  memory: ["total_bytes", "limit_bytes", "swap_bytes", "zram_bytes", "page_size_bytes"],
  cpu: ["model", "cores_online", "usable_cores", "physical_cores", "clusters", "features", "caches", "is_emulated"],
  accelerators: ["gpus", "npus"],
  board: ["model", "soc"],
  system: ["kernel", "libc", "container", "virtual_machine"],
  power: ["source"],
  storage: ["kind", "is_read_only", "is_volatile", "wear_percent"],
};

type Facts = Readonly<Record<string, Fact<unknown> | undefined>>;

/**
 * Returns the facts of a card. The details that a config declares replace those that were found. A fact that is unknown is
 * left out, and so is the place where a fact was found: it may name folders, control groups and people.
 */
export function cardDetails(found: DeclaredDetails, declared: DeclaredDetails = {}): DeclaredDetails {
  const details: Record<string, Facts> = {};
  for (const [room, names] of Object.entries(STABLE_FACTS)) {
    const facts: Facts = { ...(found as Record<string, Facts>)[room], ...(declared as Record<string, Facts>)[room] };
    const kept = names.flatMap((name) => {
      const fact = facts[name];
      return fact === undefined || "error" in fact ? [] : [[name, cardFact(fact)] as const];
    });
    if (kept.length > 0) details[room] = Object.fromEntries(kept);
  }
  return details;
}

/** Returns the facts that plans depend on. */
export function planningDetails({ cpu }: DeclaredDetails): DeclaredDetails {
  return cpu?.features === undefined ? {} : { cpu: { features: cpu.features } };
}

function cardFact({ value, confidence }: Exclude<Fact<unknown>, { error: string }>): Fact<unknown> {
  return { value: bounded(value), source: confidence === "declared" ? "declared" : "profiler", confidence };
}

/** Shortens the texts and lists in a value. */
function bounded(value: unknown): unknown {
  if (typeof value === "string") return cardText(value);
  if (Array.isArray(value)) return value.slice(0, MAX_ENTRIES).map(bounded);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, bounded(part)]));
}
