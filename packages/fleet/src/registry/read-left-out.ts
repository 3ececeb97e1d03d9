import { setTimeout as pause } from "node:timers/promises";
import { agentTopics, type BrokerConnection } from "@nanoagent/server/mqtt";
import type { RecordKind } from "./agent-records.js";

/** Topics that are subscribed to at the same time: their messages fit into the queue of any broker. */
const TOPICS_AT_ONCE = 64;
/** Longest time for all. */
const READ_MILLISECONDS = 30_000;
/** Shortest time for the messages of one subscription, where the last one does not come. */
const PATIENCE_MILLISECONDS = 2000;
const LOOK_MILLISECONDS = 5;

export interface LeftOutParts {
  readonly connection: BrokerConnection;
  readonly prefix: string;
  /** Messages that may be missing. */
  readonly missing: readonly { readonly id: string; readonly kind: RecordKind }[];
  /** Agents whose cards the broker has. When such a card comes again, the messages before it have come. */
  readonly known: readonly string[];
  readonly quietMilliseconds: number;
  readonly onMessage: (kind: RecordKind, id: string, payload: Uint8Array) => void;
  readonly signal: AbortSignal | undefined;
}

/**
 * Reads messages by their exact topics. Brokers queue about a thousand messages for a client, and drop further retained ones
 * that a filter matches.
 */
export async function readLeftOut(parts: LeftOutParts): Promise<void> {
  const { missing, known, quietMilliseconds, signal } = parts;
  const deadline = performance.now() + READ_MILLISECONDS;
  /** Subscriptions of this step, and of the step before: its messages may be late. */
  const open: (() => void)[][] = [];
  try {
    for (let place = 0; place < missing.length && performance.now() < deadline; place += TOPICS_AT_ONCE) {
      // Another one each time: the same subscription would not be a new one.
      const sentinel = known[(place / TOPICS_AT_ONCE) % known.length] ?? "";
      let isDone = false;
      const onSentinel = () => {
        isDone = true;
      };
      open.push(subscribe(parts, missing.slice(place, place + TOPICS_AT_ONCE), sentinel, onSentinel));
      const end = Math.min(performance.now() + Math.max(PATIENCE_MILLISECONDS, quietMilliseconds), deadline);
      while (!isDone && performance.now() < end) await pause(LOOK_MILLISECONDS, undefined, { signal });
      if (open.length > 1) for (const stop of open.shift() ?? []) stop();
    }
    await pause(quietMilliseconds, undefined, { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    for (const stop of open.flat()) stop();
  }
}

function subscribe(
  { connection, prefix, onMessage }: LeftOutParts,
  wanted: LeftOutParts["missing"],
  sentinel: string,
  onSentinel: () => void,
): (() => void)[] {
  return [...wanted, { id: sentinel, kind: "card" as const }].map(({ id, kind }) =>
    connection.subscribe(agentTopics(id, prefix)[kind], async ({ payload }) => {
      onMessage(kind, id, payload);
      if (id === sentinel && kind === "card") onSentinel();
    }),
  );
}
