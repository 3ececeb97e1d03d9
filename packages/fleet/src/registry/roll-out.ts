import { setMaxListeners } from "node:events";
import type { NanoAgentError } from "@nanoagent/models";
import { agentTopics, MqttError } from "@nanoagent/server/mqtt";
import type { BundleHead } from "../bundle/bundle-manifest.js";
import { FleetError } from "../fleet-error.js";
import { findAddressIssue } from "../offers/bundle-address.js";
import { type BundleOffer, PIECE_BYTES } from "../offers/bundle-offer.js";
import { publishPieces, removePieces } from "../offers/bundle-pieces.js";
import { checkServer } from "../offers/check-server.js";
import { makeOffer } from "../offers/make-offer.js";
import { claimUpload } from "../offers/upload-claim.js";
import { claimTopic } from "../piece-topic.js";
import { readBundles, readClaims, readOffers } from "./offers-at-broker.js";
import { openSignedBundle } from "./open-signed-bundle.js";
import { planRollOut, type RollOutPlan } from "./plan-roll-out.js";
import type { RegisteredAgent } from "./registered-agent.js";
import type { Registry } from "./registry.js";
import type { RollOutEvent, RollOutResult } from "./roll-out-event.js";
import { RollOutProgress } from "./roll-out-progress.js";
import { type Selector, selects } from "./selector.js";
import { WakeUp } from "./wake-up.js";

const DEFAULT_CANARIES = 1;
const DEFAULT_AT_ONCE = 20;
const DEFAULT_PATIENCE_SECONDS = 600;
/** Offers that wait for the broker at the same time. */
const OFFERS_AT_ONCE = 20;

export interface RollOutOptions {
  /** Path of the signed bundle. */
  readonly file: string;
  /** Address that the agents download it from. Default: the broker keeps it in pieces. */
  readonly url?: string | undefined;
  /** Agents that get it. */
  readonly selector: Selector;
  /** Public keys, as texts: the bundle must be signed with one. Default: any signature is enough, and each agent verifies it. */
  readonly keys?: readonly string[] | undefined;
  /** Agents that must have applied it before others get it. Default: 1. */
  readonly canary?: number | undefined;
  /** Failures after which nobody gets it any more. Default: 0, so the first failure stops it. */
  readonly maxFailures?: number | undefined;
  /** Agents that are online and update at the same time. Default: 20. */
  readonly atOnce?: number | undefined;
  /** Longest time without a sign of an agent that was online. Default: 600. */
  readonly patienceSeconds?: number | undefined;
  /** Ends the roll-out. Offers that were published stay. */
  readonly signal: AbortSignal;
}

/**
 * Offers a bundle to agents, to a few of them first, and follows them until each has applied it or failed.
 *
 * - The canaries get it first. One that fails stops the roll-out, as do more failures than `maxFailures`: offers that nobody has
 *   used are then withdrawn. An agent fails if it refuses the bundle, rolls it back, or gives no sign for too long.
 * - Agents that are offline get their offer after the canaries, and are not waited for. They update when they are online again.
 * - The same call again continues an interrupted roll-out, and tries those that failed once more.
 * - Pieces of bundles that are not offered to anybody any more are removed from the broker.
 *
 * Throws `FleetError` before anything is published: `bundle-unreadable`, `bundle-malformed` or `bundle-untrusted` for a bundle that
 * nobody could use or whose address does not have it, `bundle-outdated` if all agents have newer ones, `agent-not-registered` if none is selected. Rejects with
 * `MqttError` if the broker refuses the messages.
 */
export async function* rollOut(
  registry: Registry,
  options: RollOutOptions,
): AsyncGenerator<RollOutEvent, RollOutResult> {
  const { file, url, selector, keys = null, signal } = options;
  checkAddress(url);
  const selected = registry.agents.filter((agent) => selects(selector, agent));
  if (selected.length === 0) throw nobody(selector);
  const head = await openSignedBundle(file, { keys, signal });
  // Each offer that waits for the broker listens to it, so the caller's signal would warn of a leak.
  const own = AbortSignal.any([signal]);
  setMaxListeners(0, own);
  const run = new RollOutRun(registry, head, selected, { ...options, signal: own });
  try {
    return yield* run.run();
  } catch (error) {
    if (!signal.aborted) throw error;
    return run.result("interrupted");
  } finally {
    run.close();
  }
}

class RollOutRun {
  readonly #registry: Registry;
  readonly #options: RollOutOptions;
  readonly #head: BundleHead;
  readonly #offer: BundleOffer;
  readonly #offerText: string;
  readonly #plan: RollOutPlan;
  readonly #progress: RollOutProgress;
  readonly #wakeUp = new WakeUp();
  readonly #changed = new Set<string>();
  readonly #withdrawn = new Set<string>();
  readonly #stopListening: readonly (() => void)[];
  /** Offers that the broker had before. */
  #earlier: ReadonlyMap<string, BundleOffer> = new Map();
  /** Ends the claim of the upload. */
  #endClaim: () => Promise<void> = async () => {};

  constructor(registry: Registry, head: BundleHead, selected: readonly RegisteredAgent[], options: RollOutOptions) {
    const { url, canary = DEFAULT_CANARIES, patienceSeconds = DEFAULT_PATIENCE_SECONDS } = options;
    this.#registry = registry;
    this.#options = options;
    this.#head = head;
    this.#offer = makeOffer(head, { url });
    this.#offerText = JSON.stringify(this.#offer);
    const { sequence } = head.manifest;
    const patienceMilliseconds = patienceSeconds * 1000;
    this.#progress = new RollOutProgress({ sequence, manifestSha256: head.manifestSha256, patienceMilliseconds });
    const hasApplied = (agent: RegisteredAgent) => this.#progress.hasApplied(agent);
    this.#plan = planRollOut(head, selected, { canary, hasApplied });
    for (const { id } of this.#plan.canaries) this.#progress.add(id, { isCanary: true });
    for (const { id } of this.#plan.others) this.#progress.add(id, { isCanary: false });
    const { connection } = registry;
    this.#stopListening = [
      registry.onChange(({ id }) => {
        this.#changed.add(id);
        this.#wakeUp.call();
      }),
      connection.onChange(() => {
        this.#progress.excuse(performance.now());
        this.#wakeUp.call();
      }),
    ];
  }

  close(): void {
    for (const stop of this.#stopListening) stop();
  }

  async *run(): AsyncGenerator<RollOutEvent, RollOutResult> {
    const { canaries, others, applied, skipped } = this.#plan;
    const ids = (agents: readonly RegisteredAgent[]) => agents.map(({ id }) => id);
    const lists = { canaries: ids(canaries), others: ids(others), applied: ids(applied), skipped };
    yield { type: "roll-out-begin", ...this.#bundle, ...lists };
    if (canaries.length + others.length === 0) return this.result("done");
    yield* this.#checkServer();
    const kept = await this.#readBroker();
    let state: RollOutResult["state"];
    try {
      yield* this.#publishPieces();
      state = yield* this.#offerInStages();
    } finally {
      await this.#endClaim();
    }
    yield* this.#clean(kept);
    return this.result(state);
  }

  result(state: RollOutResult["state"]): RollOutResult {
    const { applied, open, failed, changing } = this.#progress;
    const waiting = open.filter((id) => !this.#withdrawn.has(id) || changing.includes(id));
    const idle = [...this.#progress.idle({ canaries: true }), ...this.#progress.idle({ canaries: false })];
    const withdrawn = open.filter((id) => !waiting.includes(id));
    return {
      state,
      ...this.#bundle,
      applied: [...this.#plan.applied.map(({ id }) => id), ...applied].sort(),
      failed: failed.sort((one, other) => (one.id < other.id ? -1 : 1)),
      waiting: waiting.sort(),
      not_offered: [...idle, ...withdrawn].sort(),
      skipped: this.#plan.skipped,
    };
  }

  get #bundle() {
    const { name, version, sequence } = this.#head.manifest;
    return { name, version, sequence, manifest_sha256: this.#head.manifestSha256 };
  }

  get #parts() {
    const { connection, prefix } = this.#registry;
    return { broker: connection, prefix, signal: this.#options.signal };
  }

  /** Returns the bundles that the broker keeps, with the number of their pieces. */
  async #readBroker(): Promise<ReadonlyMap<string, number>> {
    this.#earlier = await this.#readOffers();
    return readBundles(this.#parts);
  }

  #readOffers(): Promise<ReadonlyMap<string, BundleOffer>> {
    return readOffers(
      this.#parts,
      this.#registry.agents.map(({ id }) => id),
    );
  }

  async *#checkServer(): AsyncGenerator<RollOutEvent, void> {
    const { url, signal } = this.#options;
    const problem = url === undefined ? null : await checkServer(url, this.#head.totalBytes, signal);
    if (problem !== null) yield { type: "address-unchecked", reason: problem };
  }

  async *#publishPieces(): AsyncGenerator<RollOutEvent, void> {
    if (this.#options.url !== undefined) return;
    const { file } = this.#options;
    let share = 0;
    let shown = -1;
    let isDone = false;
    const publish = async () => {
      this.#endClaim = await claimUpload({ ...this.#parts, manifestSha256: this.#head.manifestSha256 });
      const onProgress = (published: number) => {
        share = published;
        this.#wakeUp.call();
      };
      // A claim is small, so whoever may publish it and no piece has a broker that permits small messages only.
      const refuse = (error: unknown) => {
        throw MqttError.isInstance(error) && error.code === "broker-refused" ? piecesRefused(error) : error;
      };
      await publishPieces({ ...this.#parts, file, head: this.#head, onProgress }).catch(refuse);
    };
    const publishing = publish().finally(() => {
      isDone = true;
      this.#wakeUp.call();
    });
    // It is awaited below.
    publishing.catch(() => {});
    while (!isDone) {
      await this.#wakeUp.next(Number.POSITIVE_INFINITY);
      if (share === shown) continue;
      shown = share;
      yield { type: "pieces-progress", share };
    }
    await publishing;
  }

  /** Offers it to the canaries, then to the others, until all that are awaited have finished or too many have failed. */
  async *#offerInStages(): AsyncGenerator<RollOutEvent, RollOutResult["state"]> {
    const { canaries } = this.#plan;
    yield* this.#publishOffers(canaries.map(({ id }) => id));
    yield* this.#follow(() => []);
    if (this.#hasTooManyFailures) return yield* this.#stop();
    const applied = new Set(this.#progress.applied);
    if (!canaries.every(({ id }) => applied.has(id))) return "unproven";
    if (canaries.length > 0) yield { type: "canaries-applied" };
    const offline = this.#progress.idle({ canaries: false }).filter((id) => !this.#agent(id)?.online);
    yield* this.#publishOffers(offline);
    yield* this.#follow(() => this.#nextAgents());
    return this.#hasTooManyFailures ? yield* this.#stop() : "done";
  }

  /** Agents for which there is room now. */
  #nextAgents(): string[] {
    const { atOnce = DEFAULT_AT_ONCE } = this.#options;
    const idle = this.#progress.idle({ canaries: false });
    return idle.slice(0, Math.max(0, atOnce - this.#progress.awaited.length));
  }

  async *#follow(next: () => readonly string[]): AsyncGenerator<RollOutEvent, void> {
    const { signal } = this.#options;
    for (;;) {
      signal.throwIfAborted();
      yield* this.#observe();
      if (this.#hasTooManyFailures) return;
      yield* this.#publishOffers(next());
      if (this.#changed.size > 0) continue;
      if (this.#progress.awaited.length === 0 && next().length === 0) return;
      await this.#wakeUp.next(this.#progress.untilNextLoss(performance.now()), signal);
    }
  }

  /** Yields what the agents have said since the last call, and those that were silent for too long. */
  *#observe(): Generator<RollOutEvent, void> {
    const now = performance.now();
    const changed = [...this.#changed];
    this.#changed.clear();
    for (const id of changed) {
      const agent = this.#agent(id);
      if (agent !== undefined) yield* this.#progress.observe(agent, now);
    }
    if (this.#registry.connection.isConnected) yield* this.#progress.giveUp(now);
    else this.#progress.excuse(now);
  }

  async *#publishOffers(ids: readonly string[]): AsyncGenerator<RollOutEvent, void> {
    const { connection, prefix } = this.#registry;
    const { signal } = this.#options;
    const canaries = new Set(this.#plan.canaries.map(({ id }) => id));
    for (let at = 0; at < ids.length; at += OFFERS_AT_ONCE) {
      const part = ids.slice(at, at + OFFERS_AT_ONCE);
      yield* part.flatMap((id) => (this.#agent(id) === undefined ? this.#progress.lose(id) : []));
      const agents = part.flatMap((id) => this.#agent(id) ?? []);
      const publish = async (agent: RegisteredAgent) => {
        const earlier = this.#earlier.get(agent.id);
        const isRepeated = this.#progress.isUnderWay(agent) && JSON.stringify(earlier) === this.#offerText;
        this.#progress.offer(agent, performance.now(), { isRepeated });
        this.#changed.add(agent.id);
        // An agent that works on the same offer is not disturbed.
        if (isRepeated) return;
        await connection.publish(agentTopics(agent.id, prefix).offer, this.#offerText, { retain: true, signal });
      };
      await Promise.all(agents.map(publish));
      for (const { id, online } of agents) yield { type: "agent-offer", id, canary: canaries.has(id), online };
    }
  }

  get #hasTooManyFailures(): boolean {
    return this.#progress.hasFailedCanary || this.#progress.failed.length > (this.#options.maxFailures ?? 0);
  }

  async *#stop(): AsyncGenerator<RollOutEvent, "stopped"> {
    yield* this.#withdraw(this.#progress.open);
    return "stopped";
  }

  async *#withdraw(ids: readonly string[]): AsyncGenerator<RollOutEvent, void> {
    const { connection, prefix } = this.#registry;
    const { signal } = this.#options;
    for (let at = 0; at < ids.length; at += OFFERS_AT_ONCE) {
      const part = ids.slice(at, at + OFFERS_AT_ONCE);
      await Promise.all(
        part.map((id) => connection.publish(agentTopics(id, prefix).offer, "", { retain: true, signal })),
      );
      for (const id of part) {
        this.#withdrawn.add(id);
        yield { type: "offer-withdrawal", id };
      }
    }
  }

  /** Withdraws the offers of agents that failed, and removes pieces that nobody needs. */
  async *#clean(kept: ReadonlyMap<string, number>): AsyncGenerator<RollOutEvent, void> {
    const { broker, prefix, signal } = this.#parts;
    yield* this.#withdraw(this.#progress.failed.map(({ id }) => id));
    const bundles = new Map(kept);
    for (const { manifest_sha256, from } of [...this.#earlier.values(), this.#offer])
      if ("pieces" in from) bundles.set(manifest_sha256, from.pieces);
    // In this order: who claims a bundle no longer has offered it.
    const claims = await readClaims(this.#parts);
    const offered = new Set([...(await this.#readOffers()).values()].map((offer) => offer.manifest_sha256));
    for (const manifestSha256 of new Set([...bundles.keys(), ...claims.keys()])) {
      if (offered.has(manifestSha256) || claims.get(manifestSha256)) continue;
      const pieces = bundles.get(manifestSha256);
      if (pieces !== undefined) {
        await removePieces({ ...this.#parts, manifestSha256, pieces });
        yield { type: "pieces-removal", manifest_sha256: manifestSha256 };
      }
      if (claims.has(manifestSha256))
        await broker.publish(claimTopic(prefix, manifestSha256), "", { retain: true, signal });
    }
  }

  #agent(id: string): RegisteredAgent | undefined {
    return this.#registry.agents.find((agent) => agent.id === id);
  }
}

function checkAddress(url: string | undefined): void {
  const issue = url === undefined ? null : findAddressIssue(url);
  if (issue === null) return;
  throw new FleetError({
    code: "bundle-unreadable",
    message: "The agents cannot download the bundle from this address.",
    reason: issue,
    hint: "Pass the address of the bundle's file, such as https://example.com/kiosk-7.bundle.",
  });
}

function piecesRefused({ message, reason, cause }: NanoAgentError): MqttError {
  return new MqttError({
    code: "broker-refused",
    message: `The broker does not take the pieces of the bundle. ${message}`,
    reason: reason ?? undefined,
    hint: `Permit messages of ${PIECE_BYTES / 1024 + 1} KB at the broker, or upload the bundle to a server and pass --url.`,
    cause,
  });
}

function nobody({ text }: Selector): FleetError {
  return new FleetError({
    code: "agent-not-registered",
    message: `The selector ${JSON.stringify(text)} selects no agents.`,
    hint: "nanoagent fleet list shows the agents.",
  });
}
