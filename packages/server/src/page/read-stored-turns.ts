import { cutText } from "@nanoagent/models";
import type { ConversationMessage } from "@nanoagent/runtime";
import { visibleMessages } from "../conversations/read-stored-chain.js";
import type { RecognizedTurn } from "./begun-turns.js";
import { shownJson } from "./display-text.js";
import type { PagePart, PageTool, PageTurn } from "./page-events.js";
import { NO_REPLY, shownResult } from "./reduce-turn.js";
import { ShownTurns } from "./shown-turns.js";
import { titleOf } from "./title-of.js";
import { VisibleHistory } from "./visible-history.js";

/** Most turns that are read of a stored conversation. Of older ones, no page shows anything. */
const MAX_TURNS = 1000;

/** A conversation as it is on disk. */
export interface StoredTurns {
  readonly turns: ShownTurns;
  readonly history: VisibleHistory;
}

/** An agent without a session does not need this part of the runtime. */
const readers = () => import("@nanoagent/runtime/node");

/** Returns a stored turn as pages know it, or null. The taken ids belong to other turns. */
export type RecognizeTurn = (turn: Omit<PageTurn, "id">, taken: ReadonlySet<string>) => RecognizedTurn | null;

/**
 * Reads the newest turns of a stored conversation. A turn that pages do not know has the same id at every reading. Returns
 * null for a folder without turns. Damage is skipped.
 */
export async function readStoredTurns(
  folder: string,
  recognize: RecognizeTurn = () => null,
): Promise<StoredTurns | null> {
  const { findSession, readSession } = await readers();
  const session = await findSession(folder).catch(() => null);
  if (session === null) return null;
  let turns = new ShownTurns();
  let history = new VisibleHistory();
  const ids = new Set<string>();
  for await (const stored of readSession(folder, { from: Math.max(1, session.turns - MAX_TURNS + 1) })) {
    const { turn, messages, interrupted, begins_conversation: begins } = stored;
    if (begins) {
      turns = new ShownTurns();
      history = new VisibleHistory();
      ids.clear();
    } else if (turns.isEmpty && turn > 1) turns.noteOlder();
    history.add(visibleOf(messages));
    const shown = toPageTurn(messages, interrupted);
    const known = recognize(shown, ids);
    const id = known?.id ?? `stored-${turn}`;
    ids.add(id);
    turns.put({ id, ...shown, ...(known?.end && { ...known.end, note: null }) });
  }
  return { turns, history };
}

/** Title and time of a stored conversation, for the list. */
export interface StoredFacts {
  readonly title: string;
  /** ISO 8601. */
  readonly updatedAt: string;
}

/** Reads the title of a stored conversation, its first message, and its time. Returns null for a folder without turns. */
export async function readStoredFacts(folder: string): Promise<StoredFacts | null> {
  const { findSession, readSession } = await readers();
  const session = await findSession(folder).catch(() => null);
  if (session === null || session.turns === 0) return null;
  for await (const { messages } of readSession(folder)) {
    const first = messages.find(({ role }) => role === "user");
    if (first === undefined) continue;
    return { title: titleOf(first.content), updatedAt: session.last_at ?? first.timestamp };
  }
  return null;
}

function visibleOf(messages: readonly ConversationMessage[]): ConversationMessage[] {
  return visibleMessages(messages).map(({ message: { tool_calls, ...message }, end }) => {
    const { timestamp } = messages[end - 1] as ConversationMessage;
    return { ...message, timestamp, ...(tool_calls !== undefined && { tool_calls }) };
  });
}

/** Returns a stored turn as pages show it. */
function toPageTurn(messages: readonly ConversationMessage[], interrupted: boolean): Omit<PageTurn, "id"> {
  const parts: PagePart[] = [];
  const calls = new Map<string, PageTool>();
  for (const { role, content, tool_calls = [], tool_call_id = "" } of messages) {
    if (role === "assistant") {
      if (content.trim() !== "") parts.push({ type: "text", text: content.trim() });
      for (const { id: callId, name, arguments: input } of tool_calls) {
        // Only a call that was not answered has no result.
        const call: PageTool = {
          type: "tool",
          id: callId,
          name: cutText(name, MAX_NAME_CHARACTERS),
          arguments: shownJson(input),
          state: "failed",
          result: null,
        };
        calls.set(callId, call);
        parts.push(call);
      }
    } else if (role === "tool") {
      const call = calls.get(tool_call_id);
      if (call === undefined) continue;
      // The journal does not tell whether it failed.
      call.state = "ended";
      call.result = shownResult(content);
    }
  }
  const first = messages[0];
  const isStopped = interrupted || messages.at(-1)?.ended === "interrupted";
  return {
    message: messages.find(({ role }) => role === "user")?.content ?? "",
    at: first?.timestamp ?? new Date(0).toISOString(),
    state: isStopped ? "stopped" : "done",
    parts,
    error: null,
    note: isStopped ? null : noteOf(messages.at(-1), parts),
  };
}

function noteOf(last: ConversationMessage | undefined, parts: readonly PagePart[]): string | null {
  // The journal does not tell these two apart.
  if (last?.ended === "length") return "The reply reached its limit of tokens, or repeated itself.";
  return parts.some(({ type }) => type === "text") ? null : NO_REPLY;
}

/** Longest name of a tool that is shown. */
const MAX_NAME_CHARACTERS = 200;
