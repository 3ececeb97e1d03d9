import type { AgentMessage } from "@nanoagent/models";
import type { EngineMessage } from "./engine.js";

/** A message of a conversation: an `AgentMessage` with its tool calls, or the id of the call that it answers. */
export type ConversationMessage = AgentMessage & Pick<EngineMessage, "tool_calls" | "tool_call_id">;
