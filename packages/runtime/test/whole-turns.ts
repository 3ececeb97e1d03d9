import type { AgentMessage } from "@nanoagent/models";

/** Returns the texts of the turns that ended with a complete reply, two messages per turn. */
export function wholeTurns(history: readonly AgentMessage[]): string[] {
  return history.filter((_, index) => history[index | 1]?.ended !== "interrupted").map(({ content }) => content);
}
