import type { Agent, ToolOutcome } from "@nanoagent/runtime";

/** How a try of an act ended. */
export type ActEnd =
  | { readonly status: "done"; readonly answer: string }
  /** `isPermanent`: another try would fail as well. */
  | { readonly status: "failed"; readonly problem: string; readonly isPermanent: boolean }
  /** It may or may not have happened, and must not be tried again. */
  | { readonly status: "unknown"; readonly problem: string }
  /** The signal aborted. `doubt`: why nobody knows whether it happened, or null where it did not happen or may happen again. */
  | { readonly status: "stopped"; readonly doubt: string | null };

/** Outcomes that another try would not change. */
const permanentOutcomes: readonly ToolOutcome["outcome"][] = ["unknown-tool", "invalid-arguments", "not-permitted"];

/** Returns how the outcome of a tool ends a try. */
export function endOfOutcome({ outcome, content }: ToolOutcome, tool: string, agent: Agent): ActEnd {
  if (outcome === "done") return { status: "done", answer: content };
  const servers = Object.keys(agent.config.mcp_servers ?? {});
  // A server that cannot be reached now lists its tools later.
  const mayCome = outcome === "unknown-tool" && servers.some((server) => tool.startsWith(`${server}_`));
  return { status: "failed", problem: content, isPermanent: permanentOutcomes.includes(outcome) && !mayCome };
}
