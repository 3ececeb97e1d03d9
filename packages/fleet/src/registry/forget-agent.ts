import { setTimeout as pause } from "node:timers/promises";
import {
  agentTopics,
  type BrokerConnection,
  type BrokerMessage,
  DEFAULT_DISCOVERY_PREFIX,
  deviceTopic,
  isAgentDevice,
  MqttError,
  ONLINE,
} from "@nanoagent/server/mqtt";
import { FleetError } from "../fleet-error.js";
import { PIECES_LEVEL } from "../piece-topic.js";
import { RECORD_KINDS, type RecordKind } from "./agent-records.js";
import type { ForgetOptions } from "./registry.js";
import { untilQuiet } from "./until-quiet.js";

/** Most topics of one agent. It has about ten. */
const MAX_TOPICS = 10_000;
/** Longest time until the broker tells of the topics that it cleared. */
const CLEAR_MILLISECONDS = 10_000;
const LOOK_MILLISECONDS = 20;
export interface ForgetParts extends ForgetOptions {
  readonly connection: BrokerConnection;
  readonly prefix: string;
  readonly id: string;
  readonly quietMilliseconds: number;
  /** Gets the messages that a registry reads. */
  readonly onMessage: (kind: RecordKind, payload: Uint8Array) => void;
}

/**
 * Clears every message that the broker keeps below `PREFIX/ID`, and Home Assistant's device. Resolves with their number when
 * the broker has cleared them. Rejects with {@link FleetError} `agent-online`, and with {@link MqttError} if this user may not.
 */
export async function forgetAgent(parts: ForgetParts): Promise<number> {
  const { connection, prefix, id, quietMilliseconds, signal, force = false } = parts;
  if (/[/+#\0]/.test(id) || id === "") return 0;
  const device = deviceTopic(parts.discoveryPrefix ?? DEFAULT_DISCOVERY_PREFIX, id);
  const topics = agentTopics(id, prefix);
  const kept = new Set<string>();
  let isForeign = false;
  let isOnline = false;
  let lastMessageAt = 0;
  const take = async ({ topic, payload }: BrokerMessage) => {
    lastMessageAt = performance.now();
    if (payload.length === 0) kept.delete(topic);
    else if (kept.size < MAX_TOPICS && (topic !== device || isAgentDevice(payload))) kept.add(topic);
    if (topic === device && payload.length > 0) isForeign = !isAgentDevice(payload);
    if (topic === topics.status) isOnline = new TextDecoder().decode(payload) === ONLINE;
    const kind = RECORD_KINDS.find((one) => topics[one] === topic);
    if (kind !== undefined) parts.onMessage(kind, payload);
  };
  const base = `${prefix}/${id}/`;
  // The pieces of bundles, which all agents read, have one level more than what somebody may have published there.
  const hasPieces = id === PIECES_LEVEL;
  const stops = [`${base}${hasPieces ? "+" : "#"}`, device].map((filter) =>
    connection.subscribe(filter, async (message) => {
      // Live messages are those that this call clears; others need no clearing.
      if (message.retain || message.payload.length === 0 || message.topic === topics.status) await take(message);
    }),
  );
  stops.push(
    connection.onTooLarge((topic) => {
      lastMessageAt = performance.now();
      if (!topic.startsWith(base) || (hasPieces && topic.includes("/", base.length))) return;
      if (kept.size < MAX_TOPICS) kept.add(topic);
    }),
  );
  try {
    await untilQuiet(() => lastMessageAt, quietMilliseconds, signal);
    if (isOnline && !force) throw stillOnline(id);
    const all = [...kept];
    // The agent's own topics are cleared in any case: brokers drop messages for which their queue has no room.
    const further = all.length === 0 ? [] : [topics.card, topics.update, topics.offer, topics.state, topics.lastAnswer];
    for (const topic of new Set([...all, ...further])) await connection.publish(topic, "", { retain: true, signal });
    // A user who may not read the device's topic may still clear it. Many may do neither.
    if (all.length > 0 && !isForeign && !all.includes(device))
      await connection.publish(device, "", { retain: true, signal }).catch(() => signal?.throwIfAborted());
    await untilCleared(kept, all, signal);
    return all.length;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    for (const stop of stops) stop();
  }
}

/** Brokers of MQTT 3.1.1 ignore messages that a user may not send, and acknowledge them. */
async function untilCleared(kept: ReadonlySet<string>, topics: readonly string[], signal: AbortSignal | undefined) {
  const deadline = performance.now() + CLEAR_MILLISECONDS;
  for (let left = topics; left.length > 0; ) {
    left = left.filter((topic) => kept.has(topic));
    const [first] = left;
    if (first === undefined) return;
    if (performance.now() > deadline) throw notCleared(first);
    await pause(LOOK_MILLISECONDS, undefined, { signal });
  }
}

function stillOnline(id: string): FleetError {
  return new FleetError({
    code: "agent-online",
    message: `The agent ${id} is online, so it is not forgotten.`,
    reason: "It registers again when it changes or connects again.",
    hint: "Stop its service, or remove fleet from its config, and try again. --force clears its topics all the same.",
  });
}

function notCleared(topic: string): MqttError {
  return new MqttError({
    code: "broker-refused",
    message: `The broker did not clear ${topic}.`,
    reason: "This user may not publish there, or somebody writes there again.",
    hint: "Use a user who may write all topics of the fleet.",
  });
}
