import type { AgentMessage } from "@nanoagent/models";
import type { EngineMessage } from "./engine.js";

/** A message of a conversation: an `AgentMessage`, with what belongs to tool calls where there is any. */
export type ConversationMessage = AgentMessage & Pick<EngineMessage, "tool_calls" | "tool_call_id">;
