import type { ConversationMessage, ToolCall } from "@nanoagent/runtime";
import { separatorBetween } from "./shown-text.js";
import { VisibleChain } from "./visible-chain.js";
import type { VisibleMessage } from "./visible-message.js";

/** The messages that clients have seen of a stored conversation. */
export interface StoredChain {
  readonly chain: VisibleChain;
  /** Number of messages in the conversation's own history. */
  readonly messages: number;
}

/** Reads the turns of a stored conversation. Calls of the agent itself are those whose result follows in the same turn. */
export async function readStoredChain(turns: AsyncIterable<readonly ConversationMessage[]>): Promise<StoredChain> {
  const chain = new VisibleChain();
  let messages = 0;
  for await (const turn of turns) {
    addStoredTurn(chain, turn, messages);
    messages += turn.length;
  }
  return { chain, messages };
}

/** Adds a stored turn, which begins after `begun` messages of the own history. */
export function addStoredTurn(chain: VisibleChain, turn: readonly ConversationMessage[], begun: number): void {
  chain.beginTurn(begun);
  for (const { message, end } of visibleMessages(turn)) chain.add(message, begun + end);
}

/**
 * Returns the messages that clients have seen of a stored turn. `end`: number of messages of the turn through it, with the
 * agent's own calls and their results before it.
 */
export function visibleMessages(turn: readonly ConversationMessage[]): { message: VisibleMessage; end: number }[] {
  const visible: { message: VisibleMessage; end: number }[] = [];
  let reply: { text: string; calls: ToolCall[]; end: number } | null = null;
  /** Ids of the agent's own calls whose results come next. */
  let own: ReadonlySet<string> = new Set();
  const finish = () => {
    if (reply === null) return;
    const { text, calls, end } = reply;
    const message: VisibleMessage = {
      role: "assistant",
      content: text,
      ...(calls.length > 0 && { tool_calls: calls }),
    };
    visible.push({ message, end });
    reply = null;
  };
  for (const [index, message] of turn.entries()) {
    const end = index + 1;
    if (message.role === "assistant") {
      if (own.size === 0) finish();
      const { tool_calls = [] } = message;
      own = resultsAfter(turn, index);
      const before: string = reply?.text ?? "";
      reply = {
        text: before + separatorBetween(before, message.content) + message.content,
        calls: tool_calls.filter(({ id }) => !own.has(id)),
        end,
      };
    } else if (message.role === "tool" && own.has(message.tool_call_id ?? "") && reply !== null) reply.end = end;
    else {
      finish();
      own = new Set();
      visible.push({ message, end });
    }
  }
  finish();
  return visible;
}

/** Returns the ids of a message's calls that have a result right after it. */
function resultsAfter(turn: readonly ConversationMessage[], index: number): ReadonlySet<string> {
  const calls = new Set(turn[index]?.tool_calls?.map(({ id }) => id));
  const ids = new Set<string>();
  for (let next = index + 1; turn[next]?.role === "tool"; next++) {
    const id = turn[next]?.tool_call_id ?? "";
    if (calls.has(id)) ids.add(id);
  }
  return ids;
}
