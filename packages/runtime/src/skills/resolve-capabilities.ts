import { nearestName } from "@nanoagent/models";

/** What a capability of the spec switches on. */
export interface ResolvedCapability {
  readonly capability: string;
  readonly kind: "skill" | "tool" | "built-in" | "nothing";
  /** For one that is nothing: what was most likely meant. */
  readonly nearest: string | null;
}

/** A sentence for each tag that stands for nothing. */
export function describeUnresolved(resolved: readonly ResolvedCapability[]): string[] {
  return resolved
    .filter(({ kind }) => kind === "nothing")
    .map(({ capability, nearest }) => {
      const advice = nearest === null ? "" : `: did you mean "${nearest}"?`;
      return `The capability ${JSON.stringify(capability.slice(0, 100))} stands for no skill and no tool${advice}${advice === "" ? "." : ""}`;
    });
}

/** What every agent can do: answer how it is, and give back what it was told. */
export const BUILT_IN_CAPABILITIES: readonly string[] = ["status-check", "echo"];

/**
 * What each tag resolves to: a skill of that name, else a tool, else a built-in, else nothing. In the order of the tags,
 * each once.
 */
export function resolveCapabilities(
  capabilities: readonly string[],
  known: { skills: readonly { name: string }[]; tools: readonly { name: string }[] },
): ResolvedCapability[] {
  const skills = new Set(known.skills.map(({ name }) => name));
  const tools = new Set(known.tools.map(({ name }) => name));
  const names = [...skills, ...tools, ...BUILT_IN_CAPABILITIES];
  return [...new Set(capabilities)].map((capability) => {
    if (skills.has(capability)) return { capability, kind: "skill", nearest: null };
    if (tools.has(capability)) return { capability, kind: "tool", nearest: null };
    if (BUILT_IN_CAPABILITIES.includes(capability)) return { capability, kind: "built-in", nearest: null };
    return { capability, kind: "nothing", nearest: nearestName(capability, names) };
  });
}
