import type { NanoAgentConfig } from "@nanoagent/models";
import { mayBelongToServer, resolveCapabilities } from "@nanoagent/runtime/program";
import type { CheckReport } from "./check-report.js";

const kinds = { skill: "a skill", tool: "a tool", server: "an MCP server", "built-in": "built in", nothing: "nothing" };

/** What each capability of the spec stands for. */
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
    // Which tools a server has is known when it is asked.
    if (kind !== "nothing" || mayBelongToServer(capability, servers)) continue;
    part.warn(["spec", "capabilities", spec.capabilities.indexOf(capability)], {
      code: "unknown-capability",
      message: `The capability "${capability}" is no skill, no tool of this config and not built in; it does nothing.`,
      hint: nearest === null ? null : `Did you mean "${nearest}"?`,
    });
  }
}
