import type { NanoAgentConfig } from "@nanoagent/models";
import { mayBelongToServer, resolveCapabilities } from "@nanoagent/runtime/program";
import type { CheckReport } from "./check-report.js";

const kinds = { skill: "a skill", tool: "a tool", server: "an MCP server", "built-in": "built in", nothing: "nothing" };

/** Reports which skill, tool, server or built-in each capability names. */
export function checkCapabilities(
  report: CheckReport,
  { spec, mcp_servers = {} }: NanoAgentConfig,
  known: { skills: readonly { name: string; folder: string }[]; tools: readonly { name: string }[] },
): void {
  if (spec.capabilities.length === 0) return;
  const part = report.part("Capabilities");
  const servers = Object.keys(mcp_servers);
  const resolved = resolveCapabilities(spec.capabilities, { ...known, servers: servers.map((name) => ({ name })) });
  report.capabilities = resolved;
  part.summary = resolved.map(({ capability, kind }) => `${capability} (${kinds[kind]})`).join(", ");
  for (const { capability, kind, nearest } of resolved) {
    // The tools of a server are unknown until it is started.
    if (kind !== "nothing" || mayBelongToServer(capability, servers)) continue;
    part.warn(["spec", "capabilities", spec.capabilities.indexOf(capability)], {
      code: "unknown-capability",
      message: `Unknown capability "${capability}": no skill, tool or built-in has that name, so it has no effect.`,
      hint: nearest === null ? null : `Did you mean "${nearest}"?`,
    });
  }
}
