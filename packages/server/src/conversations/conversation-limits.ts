import type { ServedConversations } from "@nanoagent/models";
import type { Agent } from "@nanoagent/runtime";

/** Defaults of `serve.conversations`. */
const DEFAULT_MAX = 32;
const DEFAULT_IDLE_MINUTES = 60;
const MINUTE_MILLISECONDS = 60_000;

/** Limits of the conversations that a service keeps. */
export interface ConversationLimits {
  /** Most conversations at the same time. */
  readonly max: number;
  /** Time after its last turn for which a conversation is kept. */
  readonly idleMilliseconds: number;
}

/**
 * Returns the limits for the conversations of an agent: those of its config, unless the app gives others. A reload can
 * change them with the agent.
 */
export function conversationLimits(agent: Agent, given?: ServedConversations): ConversationLimits {
  const { max = DEFAULT_MAX, idle_minutes = DEFAULT_IDLE_MINUTES } = given ?? agent.config.serve?.conversations ?? {};
  return { max, idleMilliseconds: idle_minutes * MINUTE_MILLISECONDS };
}
