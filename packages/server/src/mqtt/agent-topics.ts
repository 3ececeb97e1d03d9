import { cutText } from "@nanoagent/models";
import { MqttError } from "./mqtt-error.js";
import { findTopicIssue } from "./topic-filter.js";

const DEFAULT_PREFIX = "nanoagent";
/** Payloads of `PREFIX/ID/status`. */
export const ONLINE = "online";
export const OFFLINE = "offline";

/** Longest ID, in characters. It is a level of every topic and a part of Home Assistant's unique ids. */
const MAX_ID_CHARACTERS = 64;
/** Longest prefix: far below the 65,535 bytes that a topic may have. */
const MAX_PREFIX_CHARACTERS = 256;

/** Topics of one agent, all below `PREFIX/ID`. */
export interface AgentTopics {
  readonly prefix: string;
  readonly id: string;
  /** `online` or `offline`, retained; the broker publishes `offline` when the connection breaks. */
  readonly status: string;
  /** State of the agent and of its device as JSON, retained. */
  readonly state: string;
  /** Messages to the agent. */
  readonly ask: string;
  /** Its answers to them. */
  readonly answer: string;
  /** The last answer that people may see, retained. */
  readonly lastAnswer: string;
  /** One message for each finished act of a trigger. */
  readonly event: string;
  /** One message for each run of a trigger whose sender wants to know its event. */
  readonly accepted: string;
  /** The card of the agent in its fleet, retained. */
  readonly card: string;
  /** The bundle that its fleet offers to it, retained. */
  readonly offer: string;
  /** State of its last update, retained. */
  readonly update: string;
  /** Filter of the topics that run a trigger. */
  readonly runs: string;
  /** Topic that runs a trigger. */
  run(trigger: string): string;
  /** Whether the agent itself publishes to a topic, besides the answers of triggers. */
  isOwn(topic: string): boolean;
}

/** Returns the topics of an agent. Throws {@link MqttError} for a prefix that cannot begin a topic. */
export function agentTopics(id: string, prefix: string = DEFAULT_PREFIX): AgentTopics {
  const problem = findPrefixProblem(prefix);
  if (problem !== null) {
    throw new MqttError({
      code: "mqtt-settings-invalid",
      message: "The prefix of the topics cannot be used.",
      reason: problem,
      hint: 'Set mqtt.prefix to one or more levels such as "nanoagent" or "home/agents".',
    });
  }
  const base = `${prefix}/${id}`;
  const own = {
    status: `${base}/status`,
    state: `${base}/state`,
    answer: `${base}/answer`,
    lastAnswer: `${base}/last-answer`,
    event: `${base}/event`,
    accepted: `${base}/accepted`,
    card: `${base}/card`,
    update: `${base}/update`,
  };
  const all = new Set(Object.values(own));
  return {
    prefix,
    id,
    ...own,
    ask: `${base}/ask`,
    offer: `${base}/offer`,
    runs: `${base}/trigger/+/run`,
    run: (trigger) => `${base}/trigger/${trigger}/run`,
    isOwn: (topic) => all.has(topic),
  };
}

/** Returns one sentence about a prefix that cannot begin a topic, or null. */
export function findPrefixProblem(prefix: string): string | null {
  if (prefix.length > MAX_PREFIX_CHARACTERS) return `It has more than ${MAX_PREFIX_CHARACTERS} characters.`;
  const issue = findTopicIssue(prefix);
  if (issue !== null) return issue;
  if (/\p{Cc}/u.test(prefix)) return `${JSON.stringify(prefix)} contains a control character.`;
  return /^\/|\/$|\/\//.test(prefix) ? `${JSON.stringify(prefix)} has an empty level.` : null;
}

/**
 * Returns the ID of an agent from `fleet.id` or `client_id`: letters, digits, `_` and `-`. Accents are dropped, and every
 * other character becomes `_`.
 */
export function agentIdOf(text: string): string {
  const plain = text.normalize("NFKD").replaceAll(/\p{M}/gu, "");
  return cutText(plain.replaceAll(/[^a-zA-Z0-9_-]/gu, "_"), MAX_ID_CHARACTERS) || "agent";
}
