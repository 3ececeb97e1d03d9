import type { AgentMessage } from "@nanoagent/models";

/** Texts of the turns that ended with a whole reply; each has two messages. */
export function wholeTurns(history: readonly AgentMessage[]): string[] {
  return history.filter((_, index) => history[index | 1]?.ended !== "interrupted").map(({ content }) => content);
}
