// Internal parts about triggers that the nanoagent program loads only for a config that has triggers or a broker.

export { triggersNeedSession } from "./automation/triggers-need-session.js";
export { agentIdentity } from "./mqtt/agent-identity.js";
export { agentIdOf, agentTopics, findPrefixProblem } from "./mqtt/agent-topics.js";
export { resolveBroker } from "./mqtt/broker-settings.js";
export { clientIdOf } from "./mqtt/client-id.js";
export { findFilterIssue, findTopicIssue, matchesFilter } from "./mqtt/topic-filter.js";
export {
  fillText,
  fillValue,
  findTemplateIssues,
  TemplateError,
  type TemplateIssue,
} from "./triggers/acts/template.js";
export { describePlace } from "./triggers/answers/give-answer.js";
export { checkConditions } from "./triggers/conditions/check-conditions.js";
export { findConditionIssues } from "./triggers/conditions/find-condition-issues.js";
export { isValuePath } from "./triggers/conditions/value-by-path.js";
export { describeSource } from "./triggers/describe-source.js";
export { readEventLog } from "./triggers/events/read-event-log.js";
export { DEFAULT_MAX_AGE } from "./triggers/queue-rule.js";
export { type RunRule, readRule } from "./triggers/schedules/read-rule.js";
export { matchesName, readFilePattern } from "./triggers/sources/file/file-pattern.js";
export { readPayload } from "./triggers/sources/read-payload.js";
