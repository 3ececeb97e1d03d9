import { setImmediate as turn } from "node:timers/promises";
import type { BrokerMessage } from "@nanoagent/server/mqtt";
import { FleetError } from "../fleet-error.js";
import type { Registry, WaitOptions } from "./registry.js";

const WAIT_MILLISECONDS = 120_000;

export interface AgentRequest<Reply> {
  readonly id: string;
  readonly topic: string;
  readonly payload: string;
  /** Sent along; of MQTT 5. */
  readonly correlationData?: Uint8Array | undefined;
  readonly replyTopics: readonly string[];
  /**
   * Returns the reply in a message, or null for a message that is not a reply. Throws if the agent refused. `reply` may be called later
   * instead.
   */
  readonly read: (payload: Uint8Array, topic: string, reply: (reply: Reply) => void) => Reply | null;
  /** Advice for a request without a reply. */
  readonly hint: string;
}

/**
 * Sends a message to an agent, and resolves with its reply. Rejects with {@link FleetError} `agent-not-answering` if the agent is
 * offline, goes offline, or does not reply in time, and with the reason of the signal.
 */
export async function requestReply<Reply>(
  registry: Registry,
  request: AgentRequest<Reply>,
  { signal, waitMilliseconds = WAIT_MILLISECONDS }: WaitOptions,
): Promise<Reply> {
  signal?.throwIfAborted();
  const { id, topic, payload, correlationData, replyTopics, read, hint } = request;
  const { connection } = registry;
  if (!registry.find(id).online) throw notAnswering(id, "is offline", OFFLINE_HINT);
  const end = new AbortController();
  const fail = (error: unknown) => end.abort(error);
  let resolve = (_reply: Reply) => {};
  const replied = new Promise<Reply>((onReply, onEnd) => {
    resolve = onReply;
    end.signal.addEventListener("abort", () => onEnd(end.signal.reason), { once: true });
  });
  // It may reject while the message is sent, which then rejects, too.
  replied.catch(() => {});
  const take = async ({ topic: from, payload: bytes, retain }: BrokerMessage) => {
    if (retain) return;
    try {
      const reply = read(bytes, from, resolve);
      if (reply !== null) resolve(reply);
    } catch (error) {
      fail(error);
    }
  };
  const unsubscribe = replyTopics.map((one) => connection.subscribe(one, take));
  const stopListening = registry.onChange((agent, change) => {
    const isGone = change === "offline" || change === "forgotten";
    if (agent.id === id && isGone) fail(notAnswering(id, "went offline before it answered", OFFLINE_HINT));
  });
  const seconds = Math.round(waitMilliseconds / 100) / 10;
  const late = () => fail(notAnswering(id, `did not answer within ${seconds} seconds`, hint));
  const timer = setTimeout(late, Math.min(waitMilliseconds, 2 ** 31 - 1));
  const abort = () => fail(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  try {
    // The subscription is sent first.
    await turn();
    await connection.publish(topic, payload, { correlationData, signal: end.signal });
    return await replied;
  } catch (error) {
    end.signal.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(timer);
    stopListening();
    for (const stop of unsubscribe) stop();
    signal?.removeEventListener("abort", abort);
  }
}

const OFFLINE_HINT = "Look at nanoagent fleet show, and at the log of its service.";

export function notAnswering(id: string, problem: string, hint: string, reason?: string): FleetError {
  return new FleetError({ code: "agent-not-answering", message: `The agent ${id} ${problem}.`, reason, hint });
}
