import { cutText, nearestName } from "@nanoagent/models";

/** What a capability of the spec switches on. */
export interface ResolvedCapability {
  readonly capability: string;
  readonly kind: "skill" | "tool" | "server" | "built-in" | "nothing";
  /** For one that is nothing: what was most likely meant. */
  readonly nearest: string | null;
}

/** A sentence for each tag that stands for nothing. */
export function describeUnresolved(resolved: readonly ResolvedCapability[]): string[] {
  return resolved
    .filter(({ kind }) => kind === "nothing")
    .map(({ capability, nearest }) => {
      const advice = nearest === null ? "" : `: did you mean "${nearest}"?`;
      return `The capability ${JSON.stringify(cutText(capability, 100))} stands for nothing that is here${advice}${advice === "" ? "." : ""}`;
    });
}

/** A skill is known by its name, and by that of its folder. */
export interface KnownSkill {
  readonly name: string;
  readonly folder?: string | undefined;
}

/** The names by which a capability may switch a skill on. */
export function namesOfSkill({ name, folder }: KnownSkill): string[] {
  const folderName = folder?.split(/[\\/]/).at(-1);
  return folderName === undefined || folderName === "" ? [name] : [name, folderName];
}

/** What every agent can do: answer how it is, and give back what it was told. */
const BUILT_IN_CAPABILITIES: readonly string[] = ["status-check", "echo"];

/**
 * What each tag resolves to: a skill of that name, else a tool, else an MCP server, which is all of its tools, else a
 * built-in, else nothing. In the order of the tags, each once.
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
