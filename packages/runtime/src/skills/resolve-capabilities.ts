import { cutText, nearestName } from "@nanoagent/models";

/** A capability of the spec and the item that it enables. */
export interface ResolvedCapability {
  readonly capability: string;
  readonly kind: "skill" | "tool" | "server" | "built-in" | "nothing";
  /** For an unknown capability: the most similar known name, or null. */
  readonly nearest: string | null;
}

/** Returns one message per unknown capability. */
export function describeUnresolved(resolved: readonly ResolvedCapability[]): string[] {
  return resolved
    .filter(({ kind }) => kind === "nothing")
    .map(({ capability, nearest }) => {
      const advice = nearest === null ? "it has no effect." : `did you mean "${nearest}"?`;
      return `Unknown capability ${JSON.stringify(cutText(capability, 100))}: ${advice}`;
    });
}

/** A skill with the names it can be referred to by: its own and its folder's. */
export interface KnownSkill {
  readonly name: string;
  readonly folder?: string | undefined;
}

/** Names by which a capability can enable a skill. */
export function namesOfSkill({ name, folder }: KnownSkill): string[] {
  const folderName = folder?.split(/[\\/]/).at(-1);
  return folderName === undefined || folderName === "" ? [name] : [name, folderName];
}

/** Capabilities that every agent has: report its status, and echo a message. */
const BUILT_IN_CAPABILITIES: readonly string[] = ["status-check", "echo"];

/**
 * Resolves each capability to a skill of that name, else a tool, else an MCP server (all of its tools), else a
 * built-in, else nothing. Keeps the order of the capabilities, without duplicates.
 */
export function resolveCapabilities(
  capabilities: readonly string[],
  known: {
    skills: readonly KnownSkill[];
    tools: readonly { name: string }[];
    servers?: readonly { name: string }[] | undefined;
  },
): ResolvedCapability[] {
  const skills = new Set(known.skills.flatMap(namesOfSkill));
  const tools = new Set(known.tools.map(({ name }) => name));
  const servers = new Set((known.servers ?? []).map(({ name }) => name));
  const names = [...skills, ...tools, ...servers, ...BUILT_IN_CAPABILITIES];
  return [...new Set(capabilities)].map((capability) => {
    if (skills.has(capability)) return { capability, kind: "skill", nearest: null };
    if (tools.has(capability)) return { capability, kind: "tool", nearest: null };
    if (servers.has(capability)) return { capability, kind: "server", nearest: null };
    if (BUILT_IN_CAPABILITIES.includes(capability)) return { capability, kind: "built-in", nearest: null };
    return { capability, kind: "nothing", nearest: nearestName(capability, names) };
  });
}
