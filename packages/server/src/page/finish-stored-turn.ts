import { access } from "node:fs/promises";
import type { Agent } from "@nanoagent/runtime";

/**
 * Adds the end of a turn that was cut off after a tool was called to its journal, so that pages show the turn, and the
 * agent knows of the call when the conversation goes on. Does nothing to a conversation that is in use. Never rejects.
 */
export async function finishStoredTurn(agent: Agent, folder: string): Promise<void> {
  const { session } = agent.config;
  if (session === undefined) return;
  try {
    // A turn that was still waiting has no folder.
    await access(folder);
    // Opening a journal repairs it.
    await (await agent.converse({ session: { ...session, dir: folder } })).close();
  } catch {
    // The conversation is shown without the turn.
  }
}
