import { isFinished, type ReportedUpdate } from "../offers/parse-update.js";
import type { RegisteredAgent } from "./registered-agent.js";
import type { RollOutEvent, RollOutFailure } from "./roll-out-event.js";

/** Step in which an agent cannot be stopped any more. */
const CHANGING: ReportedUpdate["state"] = "starting";

interface Entry {
  readonly isCanary: boolean;
  /** Null: the agent has no offer. */
  offered: Offered | null;
  outcome: "applied" | "failed" | null;
  reason: string;
}

interface Offered {
  /** The update that the broker had before, which does not answer this offer. */
  readonly earlier: ReportedUpdate | null;
  /** Whether the roll-out waits for the agent. */
  readonly isAwaited: boolean;
  /** The newest answer. */
  latest: ReportedUpdate | null;
  isOnline: boolean;
  /** Reason of its last wait, until it gets further than that; or null. */
  waitsFor: string | null;
  /** Largest progress that it told. */
  progress: number;
  /** When the agent gave its last sign, in milliseconds. */
  lastSign: number;
}

export interface ProgressParts {
  readonly sequence: number;
  readonly manifestSha256: string;
  readonly patienceMilliseconds: number;
}

/** How far each agent of a roll-out is. Times are parameters. */
export class RollOutProgress {
  readonly #parts: ProgressParts;
  readonly #entries = new Map<string, Entry>();

  constructor(parts: ProgressParts) {
    this.#parts = parts;
  }

  /** Adds an agent without an offer. */
  add(id: string, { isCanary }: { readonly isCanary: boolean }): void {
    this.#entries.set(id, { isCanary, offered: null, outcome: null, reason: "" });
  }

  /** Whether the agent runs the bundle and says so, by its hash. */
  hasApplied(agent: RegisteredAgent): boolean {
    return agent.update?.manifest_sha256 != null && this.#saysApplied(agent);
  }

  /** Agents without an offer. */
  idle({ canaries }: { readonly canaries: boolean }): string[] {
    return this.#ids(({ isCanary, offered, outcome }) => isCanary === canaries && offered === null && outcome === null);
  }

  get applied(): string[] {
    return this.#ids(({ outcome }) => outcome === "applied");
  }

  get failed(): RollOutFailure[] {
    return this.#ids(({ outcome }) => outcome === "failed").map((id) => ({
      id,
      reason: this.#entries.get(id)?.reason ?? "",
    }));
  }

  /** Agents that have an offer and have not finished. */
  get open(): string[] {
    return this.#ids(({ offered, outcome }) => offered !== null && outcome === null);
  }

  /** Those of the open ones that the roll-out waits for. */
  get awaited(): string[] {
    return this.open.filter((id) => this.#entries.get(id)?.offered?.isAwaited);
  }

  /** Those of the open ones that cannot be stopped any more. */
  get changing(): string[] {
    return this.open.filter((id) => this.#entries.get(id)?.offered?.latest?.state === CHANGING);
  }

  get hasFailedCanary(): boolean {
    return [...this.#entries.values()].some(({ isCanary, outcome }) => isCanary && outcome === "failed");
  }

  /** Whether the agent, which has this offer already, works on it or has applied it, so that it needs no other. */
  isUnderWay(agent: RegisteredAgent): boolean {
    const { update } = agent;
    if (!this.#isOurs(update) || update.state === "waiting") return false;
    return !isFinished(update) || this.#saysApplied(agent);
  }

  /** The agent gets its offer now. `isRepeated`: it had the same one, so its last answer counts. */
  offer(agent: RegisteredAgent, now: number, { isRepeated = false }: { readonly isRepeated?: boolean } = {}): void {
    const entry = this.#entries.get(agent.id);
    if (entry === undefined) return;
    const earlier = isRepeated ? null : agent.update;
    entry.offered = {
      earlier,
      isAwaited: agent.online,
      latest: null,
      isOnline: agent.online,
      waitsFor: null,
      progress: 0,
      lastSign: now,
    };
  }

  /** The agent left the fleet before it got its offer. */
  lose(id: string): RollOutEvent[] {
    const entry = this.#entries.get(id);
    return entry === undefined ? [] : [this.#fail(id, entry, "It is not registered any more.")];
  }

  /** Takes the state of an agent. Returns the events that it means. */
  observe(agent: RegisteredAgent, now: number): RollOutEvent[] {
    const entry = this.#entries.get(agent.id);
    if (entry === undefined || entry.outcome !== null) return [];
    if (this.hasApplied(agent)) {
      const isNew = entry.offered?.latest !== agent.update;
      this.#end(entry, "applied");
      return isNew && agent.update !== null ? [eventOf(agent.id, agent.update)] : [];
    }
    const { offered } = entry;
    if (offered === null) return [];
    if (agent.online && !offered.isOnline) offered.lastSign = now;
    offered.isOnline = agent.online;
    const { update } = agent;
    if (!this.#isOurs(update) || update === offered.earlier || update === offered.latest) return [];
    offered.latest = update;
    const isRepeated = update.state === "waiting" && offered.waitsFor === update.reason;
    if (isRepeated) return [];
    if (isNews(offered, update)) {
      offered.lastSign = now;
      offered.progress = Math.max(offered.progress, update.progress ?? 0);
      offered.waitsFor = update.state === "waiting" ? update.reason : null;
    }
    const event = eventOf(agent.id, update);
    if (!isFinished(update)) return [event];
    if (this.#isApplied(update)) {
      this.#end(entry, "applied");
      return [event];
    }
    return [event, this.#fail(agent.id, entry, update.reason ?? `It is ${update.state}.`)];
  }

  /** Returns the failures of agents that have been silent for too long. */
  giveUp(now: number): RollOutEvent[] {
    return this.awaited.flatMap((id) => {
      const entry = this.#entries.get(id);
      if (!entry?.offered || now - entry.offered.lastSign < this.#parts.patienceMilliseconds) return [];
      return [this.#fail(id, entry, this.#describeSilence(entry.offered))];
    });
  }

  /** Time until {@link giveUp} may have something to return. */
  untilNextLoss(now: number): number {
    const signs = this.awaited.map((id) => this.#entries.get(id)?.offered?.lastSign ?? now);
    return Math.max(0, Math.min(...signs) + this.#parts.patienceMilliseconds - now);
  }

  /** Silence does not count while the broker is away. */
  excuse(now: number): void {
    for (const { offered } of this.#entries.values()) if (offered !== null) offered.lastSign = now;
  }

  #describeSilence({ latest, isOnline, waitsFor }: Offered): string {
    const seconds = Math.round(this.#parts.patienceMilliseconds / 1000);
    if (isOnline && waitsFor !== null) return `It waits: ${waitsFor}`;
    const lead = isOnline ? `It gave no sign for ${seconds} s.` : `It went offline, for more than ${seconds} s.`;
    if (latest === null) return lead;
    return `${lead} Its last state was ${latest.state}${latest.reason === null ? "." : `: ${latest.reason}`}`;
  }

  #end(entry: Entry, outcome: "applied" | "failed", reason = ""): void {
    entry.outcome = outcome;
    entry.reason = reason;
  }

  #fail(id: string, entry: Entry, reason: string): RollOutEvent {
    this.#end(entry, "failed", reason);
    return { type: "agent-failure", id, reason };
  }

  #saysApplied({ card, update }: RegisteredAgent): boolean {
    return this.#isApplied(update) && card.bundle?.sequence === this.#parts.sequence;
  }

  #isOurs(update: ReportedUpdate | null): update is ReportedUpdate {
    if (update === null || update.sequence !== this.#parts.sequence) return false;
    return update.manifest_sha256 === null || update.manifest_sha256 === this.#parts.manifestSha256;
  }

  #isApplied(update: ReportedUpdate | null): boolean {
    return this.#isOurs(update) && (update.state === "applied" || update.state === "current");
  }

  #ids(filter: (entry: Entry) => boolean): string[] {
    return [...this.#entries].filter(([, entry]) => filter(entry)).map(([id]) => id);
  }
}

/** Whether an update says more than that an agent, which waits, tries again. */
function isNews({ waitsFor, progress }: Offered, update: ReportedUpdate): boolean {
  return waitsFor === null || update.state !== "fetching" || (update.progress ?? 0) > progress;
}

function eventOf(id: string, { state, reason, progress }: ReportedUpdate): RollOutEvent {
  return { type: "agent-update", id, state, reason, progress };
}
