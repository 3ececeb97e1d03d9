import { createHash } from "node:crypto";
import { ONLINE } from "@nanoagent/server/mqtt";
import type { AgentCard } from "../card/agent-card.js";
import { parseCard } from "../card/parse-card.js";
import { parseUpdate, type ReportedUpdate } from "../offers/parse-update.js";
import type { AgentChange, RegisteredAgent } from "./registered-agent.js";

/** Longest ID that is read, in characters. Agents have at most 64. */
const MAX_ID_CHARACTERS = 256;
/** Most IDs that are kept, so that a flood of messages does not fill the memory. */
const MAX_IDS = 50_000;
/** Largest sum of the cards, in bytes: those of 17,000 agents with all details. */
const MAX_CARD_BYTES_IN_ALL = 256 * 1024 * 1024;

/** Kinds of retained messages that describe an agent; the last level of their topics. */
export const RECORD_KINDS = ["status", "card", "update"] as const;
export type RecordKind = (typeof RECORD_KINDS)[number];

/** A change of one agent. */
export interface RecordChange {
  readonly agent: RegisteredAgent;
  readonly change: AgentChange;
}

interface AgentRecord {
  online: boolean;
  /** Whether the broker of this connection has said so. */
  isConfirmed: boolean;
  card: AgentCard | null;
  /** Hash of the card's message, to tell whether it is another one. */
  cardHash: string | null;
  cardBytes: number;
  /** Reason why the message at the broker gives no card. */
  problem: "malformed" | "no-room" | null;
  update: ReportedUpdate | null;
  updateHash: string | null;
}

/** The messages about the agents of a fleet, put together by ID. Anybody who may write to the broker can write them. */
export class AgentRecords {
  readonly #records = new Map<string, AgentRecord>();
  /** Snapshots of agents that did not change since. */
  readonly #snapshots = new Map<string, RegisteredAgent>();
  #sorted: readonly RegisteredAgent[] | null = null;
  #cardBytes = 0;
  /** IDs of malformed cards that are too long to be kept. */
  #longIds = 0;
  /** Cards of IDs that are one too many. */
  #furtherCards = 0;

  /** Agents with a card, sorted by ID. */
  get agents(): readonly RegisteredAgent[] {
    this.#sorted ??= [...this.#records.keys()]
      .sort((one, other) => (one < other ? -1 : 1))
      .flatMap((id) => this.find(id) ?? []);
    return this.#sorted;
  }

  get malformed(): number {
    return this.#longIds + this.#count("malformed");
  }

  /** IDs with a malformed card, sorted, as far as they are kept. */
  get malformedIds(): string[] {
    return [...this.#records].flatMap(([id, { problem }]) => (problem === "malformed" ? [id] : [])).sort();
  }

  /** Number of cards beyond the limits of the registry. */
  get leftOut(): number {
    return this.#furtherCards + this.#count("no-room");
  }

  /** Messages that did not come, although the broker may have them. */
  get missing(): { id: string; kind: RecordKind }[] {
    return [...this.#records].flatMap(([id, { cardHash, updateHash }]) => [
      ...(cardHash === null ? [{ id, kind: "card" as const }] : []),
      ...(updateHash === null ? [{ id, kind: "update" as const }] : []),
    ]);
  }

  /** Returns an agent with a card, or null. */
  find(id: string): RegisteredAgent | null {
    const known = this.#snapshots.get(id);
    if (known !== undefined) return known;
    const record = this.#records.get(id);
    if (record === undefined || record.card === null) return null;
    const { online, card, update } = record;
    const agent = { id, online, card, update };
    this.#snapshots.set(id, agent);
    return agent;
  }

  /**
   * Takes a message about an agent. Returns the change, or null if it changes nothing that is visible. `isNew`: it was published
   * now, so an update without a time is another one even if it has the same text.
   */
  take(kind: RecordKind, id: string, payload: Uint8Array, { isNew = false } = {}): RecordChange | null {
    const record = this.#recordOf(kind, id, payload);
    if (record === null) return null;
    const before = this.find(id);
    const change = this.#apply(record, kind, id, payload, isNew);
    if (change === null) return null;
    this.#snapshots.delete(id);
    this.#sorted = null;
    const after = this.find(id);
    const isEmpty = record.card === null && record.problem === null && record.update === null && !record.online;
    if (isEmpty) this.#records.delete(id);
    if (after !== null) return { agent: after, change: before === null ? "registered" : change };
    return before === null ? null : { agent: before, change: "forgotten" };
  }

  /** A connection begins: the broker says again which agents are online. */
  beginConnection(): void {
    for (const record of this.#records.values()) record.isConfirmed = false;
  }

  /** Agents that the broker no longer calls online are offline: it lost them with its messages. */
  dropUnconfirmed(): RecordChange[] {
    const lost = [...this.#records].filter(([, { online, isConfirmed }]) => online && !isConfirmed);
    return lost.flatMap(([id]) => this.take("status", id, new Uint8Array(0)) ?? []);
  }

  #recordOf(kind: RecordKind, id: string, payload: Uint8Array): AgentRecord | null {
    const known = this.#records.get(id);
    if (known !== undefined || payload.length === 0) return known ?? null;
    if (id.length > MAX_ID_CHARACTERS || this.#records.size >= MAX_IDS) {
      if (kind === "card" && id.length > MAX_ID_CHARACTERS) this.#longIds += 1;
      else if (kind === "card") this.#furtherCards += 1;
      return null;
    }
    const nothing = { card: null, cardHash: null, cardBytes: 0, problem: null, update: null, updateHash: null };
    const record = { online: false, isConfirmed: false, ...nothing };
    this.#records.set(id, record);
    return record;
  }

  #apply(record: AgentRecord, kind: RecordKind, id: string, payload: Uint8Array, isNew: boolean): AgentChange | null {
    if (kind === "status") {
      const online = new TextDecoder().decode(payload) === ONLINE;
      record.isConfirmed = true;
      if (online === record.online) return null;
      record.online = online;
      return online ? "online" : "offline";
    }
    const hash = payload.length === 0 ? null : hashOf(payload);
    if (kind === "update") {
      const isRepeated = isNew && record.update?.at === null;
      if (hash === record.updateHash && !isRepeated) return null;
      record.updateHash = hash;
      record.update = hash === null ? null : parseUpdate(payload);
      return "update";
    }
    if (hash === record.cardHash) return null;
    this.#takeCard(record, id, payload, hash);
    return "card";
  }

  #takeCard(record: AgentRecord, id: string, payload: Uint8Array, hash: string | null): void {
    this.#cardBytes -= record.cardBytes;
    Object.assign(record, { card: null, cardHash: hash, cardBytes: 0, problem: null });
    if (hash === null) return;
    if (this.#cardBytes + payload.length > MAX_CARD_BYTES_IN_ALL) {
      record.problem = "no-room";
      return;
    }
    record.card = parseCard(payload, id);
    if (record.card === null) {
      record.problem = "malformed";
      return;
    }
    record.cardBytes = payload.length;
    this.#cardBytes += payload.length;
  }

  #count(kind: AgentRecord["problem"]): number {
    let count = 0;
    for (const { problem } of this.#records.values()) if (problem === kind) count += 1;
    return count;
  }
}

function hashOf(payload: Uint8Array): string {
  return createHash("sha256").update(payload).digest("base64");
}
