import { access } from "node:fs/promises";
import type { Agent } from "@nanoagent/runtime";

/** Memory for a conversation that is only opened and closed. Its newest turn is read in any case. */
const MAX_HISTORY_BYTES = 65_536;

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
    const settings = { session: { ...session, dir: folder }, maxHistoryBytes: MAX_HISTORY_BYTES };
    await (await agent.converse(settings)).close();
  } catch {
    // The conversation is shown without the turn.
  }
}
