import type { AgentTopics } from "./agent-topics.js";
import { findTopicIssue } from "./topic-filter.js";

/** Longest response topic. */
const MAX_TOPIC_CHARACTERS = 1024;

/**
 * Returns one sentence about a response topic that the agent does not publish to, or null. The agent answers with its own
 * rights at the broker. An answer therefore never goes to a topic that asks an agent or runs a trigger, to one that the
 * agent has subscribed to, to one of its other topics, or to Home Assistant's discovery.
 */
export function findResponseTopicProblem(
  topic: string,
  { prefix, id, answer }: Pick<AgentTopics, "prefix" | "id" | "answer">,
  discoveryPrefix: string,
  isSubscribedTo: (topic: string) => boolean,
): string | null {
  if (topic.length > MAX_TOPIC_CHARACTERS) return `The topic has more than ${MAX_TOPIC_CHARACTERS} characters.`;
  const issue = findTopicIssue(topic);
  if (issue !== null) return issue;
  if (topic === answer) return null;
  const isCommand = topic.startsWith(`${prefix}/`) && (topic.endsWith("/ask") || topic.endsWith("/run"));
  if (isCommand || topic.startsWith(`${prefix}/${id}/`) || isSubscribedTo(topic))
    return "The response topic is one that an agent reads or owns.";
  if (topic.startsWith(`${discoveryPrefix}/`)) {
    return "The response topic belongs to Home Assistant's discovery.";
  }
  return null;
}
