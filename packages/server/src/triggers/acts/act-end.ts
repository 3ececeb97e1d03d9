import type { Agent, ToolOutcome } from "@nanoagent/runtime";
import type { OpenAct } from "../events/open-event.js";

/** How a try of an act ended. */
export type ActEnd =
  | { readonly status: "done"; readonly answer: string }
  /** `isPermanent`: another try would fail as well. */
  | { readonly status: "failed"; readonly problem: string; readonly isPermanent: boolean }
  /** It may or may not have happened, and must not be tried again. */
  | { readonly status: "unknown"; readonly problem: string }
  /** The log of events takes no records at present, so the act did not run. */
  | { readonly status: "not-saved" }
  /**
   * The signal aborted. `doubt`: an act of which nobody knows whether it happened, unless its tool is idempotent. `stuck`:
   * one that must not be run again.
   */
  | { readonly status: "stopped"; readonly doubt: OpenAct | null; readonly stuck: OpenAct | null };

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
