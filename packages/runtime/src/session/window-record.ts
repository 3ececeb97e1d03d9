import type { ContextWindow } from "../context/context-window.js";
import type { History } from "./history.js";
import type { Journal } from "./journal/journal.js";

/** Has a window go on from where the session's last one stood. */
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

/** Puts down in the session where the window stands, between two turns. */
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
