import type { NanoAgentConfig } from "@nanoagent/models";
import { resolveCapabilities } from "@nanoagent/runtime/node";
import type { CheckReport } from "./check-report.js";

const kinds = { skill: "a skill", tool: "a tool", "built-in": "built in", nothing: "nothing" };

/** What each capability of the spec stands for. */
export function checkCapabilities(
  report: CheckReport,
  { spec, mcp_servers = {} }: NanoAgentConfig,
  known: { skills: readonly { name: string }[]; tools: readonly { name: string }[] },
): void {
  if (spec.capabilities.length === 0) return;
  const part = report.part("Capabilities");
  const resolved = resolveCapabilities(spec.capabilities, known);
  report.capabilities = resolved;
  part.summary = resolved.map(({ capability, kind }) => `${capability} (${kinds[kind]})`).join(", ");
  const servers = Object.keys(mcp_servers);
  for (const { capability, kind, nearest } of resolved) {
    if (kind !== "nothing") continue;
    const suggestion = nearest === null ? null : `Did you mean "${nearest}"?`;
    part.warn(["spec", "capabilities", spec.capabilities.indexOf(capability)], {
      code: "unknown-capability",
      message: `The capability "${capability}" is no skill, no tool of this config and not built in; it does nothing.`,
      hint: suggestion ?? (servers.length === 0 ? null : "A tool of an MCP server may have that name."),
    });
  }
}
