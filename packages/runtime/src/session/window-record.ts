import type { ContextWindow } from "../context/context-window.js";
import type { History } from "./history.js";
import type { Journal } from "./journal/journal.js";

/** Restores a window from the session's last record. */
export function restoreWindow(window: ContextWindow, history: History, journal: Journal | null): void {
  if (journal === null || journal.window === null) return;
  const { turns } = journal.counts;
  const { first_turn, summary, next } = journal.window;
  window.restore(history.finished, {
    shownTurns: Math.max(0, turns - first_turn + 1),
    summary,
    next: next === null ? null : { summary: next.summary, turnsSince: Math.max(0, turns - next.through_turn) },
  });
}

/** Records the state of the window in the session, between two turns. */
export async function recordWindow(window: ContextWindow, history: History, journal: Journal | null): Promise<void> {
  if (journal === null) return;
  const { turns } = journal.counts;
  const { shownTurns, summary, next } = window.state(history.finished);
  await journal.recordWindow({
    first_turn: Math.max(1, turns - shownTurns + 1),
    summary,
    next: next === null ? null : { summary: next.summary, through_turn: Math.max(0, turns - next.turnsSince) },
  });
}
