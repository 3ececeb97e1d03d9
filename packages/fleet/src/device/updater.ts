import { createHash } from "node:crypto";
import path from "node:path";
import { asSentence, cutText, NanoAgentError } from "@nanoagent/models";
import { readTrustedKeys } from "../bundle/keys.js";
import { FleetError } from "../fleet-error.js";
import type { BundleOffer, UpdateMessage } from "../offers/bundle-offer.js";
import { removeDownloads } from "../offers/fetch-bundle.js";
import { isFinished, MAX_REASON_CHARACTERS } from "../offers/parse-update.js";
import { readReleases } from "../releases/read-releases.js";
import type { ApplyResult, UpdateStep } from "../releases/release-host.js";
import type { Releases } from "../releases/releases.js";
import { sentencesOf } from "../releases/releases-errors.js";
import { DOWNLOADS } from "../releases/remove-partial-bundles.js";
import { answerEarly, type EarlyAnswer } from "./answer-early.js";
import { noticeOf, serviceEnds, wentBack } from "./describe-end.js";
import { isTemporary } from "./is-temporary.js";
import { retryPause } from "./retry-pause.js";
import { readUpdateRecord, type UpdateRecord, writeUpdateRecord } from "./update-record.js";
import { UpdateWork } from "./update-work.js";
import type { UpdaterHost } from "./updater-host.js";

/** Steps of a progress that are told. */
const PROGRESS_STEPS = 100;

/** Fetches the bundle of an offer into a folder, and resolves with the path of its file. */
export type FetchOffered = (
  offer: BundleOffer,
  options: {
    readonly folder: string;
    /** Public keys that are trusted, as texts. */
    readonly keys: readonly string[];
    readonly signal: AbortSignal;
    readonly onProgress: (share: number) => void;
  },
) => Promise<string>;

export interface UpdateOptions {
  /** Abandons the update, unless its release may be in use. */
  readonly signal: AbortSignal;
  readonly onStep: (step: UpdateStep, share: number | null) => void;
}

export interface UpdaterParts {
  /** Null: the agent does not run from a folder of releases, so every offer is refused. */
  readonly releases: Pick<Releases, "root" | "apply" | "rollBack"> | null;
  readonly host: UpdaterHost;
  /** Public keys that bundles of the fleet may be signed with: `fleet.trust` of the agent that is served now. */
  readonly trust: () => readonly string[];
  readonly onNotice: (notice: { readonly level: "info" | "warning" | "error"; readonly message: string }) => void;
  /** Clock, in milliseconds since 1970. Default: the system's. */
  readonly now?: (() => number) | undefined;
}

/** An offer that is not answered yet. */
interface Offered {
  readonly offer: BundleOffer;
  readonly fetch: FetchOffered;
  /** Whether it was published now. One that stood at the broker before may be answered already. */
  readonly isNew: boolean;
  tries: number;
}

/** Reasons for which a running update is abandoned. */
const replaced = new Error("A newer offer replaced it.");
const withdrawn = new Error("The fleet withdrew the offer.");
const delayed = new Error("It waits for an update by hand.");

/**
 * Updates the agent of a service, one update at a time: bundles that the fleet offers, and those of `nanoagent bundle`. It
 * lives as long as the service, across its connections and agents.
 */
export class Updater {
  readonly #parts: UpdaterParts;
  readonly #listeners = new Set<() => void>();
  /** Work of this device's people, which goes before offers. */
  readonly #byHand: ((work: UpdateWork) => Promise<void>)[] = [];
  #record: UpdateRecord;
  #last: UpdateMessage | null;
  /** The newest offer, until it is answered. */
  #offered: Offered | null = null;
  #running: UpdateWork | null = null;
  #pause: ReturnType<typeof setTimeout> | null = null;
  #isWorking = false;
  #isClosed = false;
  #ended: Promise<void> = Promise.resolve();
  #lastDiskProblem: string | null = null;

  /** Reads the state of the last update from the folder of the releases. */
  static async open(parts: UpdaterParts): Promise<Updater> {
    const { releases } = parts;
    return new Updater(
      parts,
      releases === null ? { message: null, handled: null } : await readUpdateRecord(releases.root),
    );
  }

  private constructor(parts: UpdaterParts, record: UpdateRecord) {
    this.#parts = parts;
    this.#record = record;
    this.#last = record.message;
  }

  /** State of the last update, also of an earlier start. Null before the first. */
  get last(): UpdateMessage | null {
    return this.#last;
  }

  /** Folder of the releases, or null. */
  get root(): string | null {
    return this.#parts.releases?.root ?? null;
  }

  /** Calls back when {@link last} changes. Returns a function that stops it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Takes an offer that stands at the broker, as often as it comes. Null: the offer was withdrawn, which ends an update that
   * whose release is not in use yet. A newer offer replaces an older one in the same way. `isNew`: it was published now, so one
   * that was refused before is tried again.
   */
  take(offer: BundleOffer | null, fetch: FetchOffered, { isNew }: { readonly isNew: boolean }): void {
    if (this.#isClosed) return;
    const known = this.#offered;
    if (offer === null) {
      this.#offered = null;
      this.#stopPause();
      if (this.#running?.manifestSha256 != null) this.#running.abandon(withdrawn);
      else if (known !== null) this.#withdraw(known);
      return;
    }
    const isRunning = this.#running?.manifestSha256 === offer.manifest_sha256;
    const isKnown = known?.offer.manifest_sha256 === offer.manifest_sha256;
    if (!isKnown && !isRunning && !isNew && this.#isHandled(offer)) return;
    this.#offered = { offer, fetch, isNew, tries: isKnown ? known.tries : 0 };
    if (!isRunning && this.#running?.manifestSha256 != null) this.#running.abandon(replaced);
    this.#stopPause();
    this.#work();
  }

  /** Tries an offer again that waits, since the network may be back. */
  retry(): void {
    if (this.#pause === null) return;
    this.#stopPause();
    this.#work();
  }

  /** Applies the file of a bundle. `keys`: public keys that are trusted, as texts. An offer that is being fetched waits. */
  applyFile(file: string, keys: readonly string[], { signal, onStep }: UpdateOptions): Promise<ApplyResult> {
    return this.#doByHand(signal, async (work) => {
      const options = { signal: work.signal, onStep };
      const bundle = { file, keys: readTrustedKeys(keys) };
      const host = work.hostFor(this.#parts.host, () => onStep("proving", null));
      return this.#releases().apply(bundle, host, options);
    });
  }

  /** Goes back to the release before the one that is in use. */
  rollBack({ signal, onStep }: UpdateOptions): Promise<ApplyResult> {
    const run = async (work: UpdateWork) =>
      this.#releases().rollBack(
        work.hostFor(this.#parts.host, () => onStep("starting", null)),
        { signal: work.signal },
      );
    return this.#doByHand(signal, run, wentBack);
  }

  /** Abandons a running update, also in its change: the old release is then in use. Safe to call twice. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopPause();
    this.#running?.stop(serviceEnds);
    // Those that wait for their turn are told, too.
    this.#work();
    await this.#ended;
  }

  #work(): void {
    if (this.#isWorking) return;
    this.#isWorking = true;
    this.#ended = this.#workThrough();
  }

  async #workThrough(): Promise<void> {
    for (;;) {
      const byHand = this.#byHand.shift();
      const offered = this.#pause === null && !this.#isClosed ? this.#offered : null;
      if (byHand === undefined && offered === null) break;
      const work = new UpdateWork(byHand === undefined ? (offered?.offer.manifest_sha256 ?? null) : null);
      if (this.#isClosed) work.stop(serviceEnds);
      this.#running = work;
      if (byHand !== undefined) await byHand(work);
      else if (offered !== null) await this.#answer(offered, work);
      this.#running = null;
    }
    this.#isWorking = false;
  }

  #doByHand(
    signal: AbortSignal,
    run: (work: UpdateWork) => Promise<ApplyResult>,
    describeDone: (result: ApplyResult) => string | null = () => null,
  ): Promise<ApplyResult> {
    return new Promise((resolve, reject) => {
      this.#byHand.push(async (work) => {
        const abandon = () => work.abandon(signal.reason);
        signal.addEventListener("abort", abandon, { once: true });
        try {
          if (signal.aborted) abandon();
          work.signal.throwIfAborted();
          const result = await run(work);
          const answer = { state: result.state, reason: result.reason ?? describeDone(result) };
          // The state of the last offer stands until something has changed here.
          if (result.state === "applied" || result.state === "rolled-back")
            await this.#end(result, answer, this.#record.handled);
          resolve(result);
        } catch (error) {
          reject(error);
        } finally {
          signal.removeEventListener("abort", abandon);
        }
      });
      if (this.#running?.manifestSha256 != null) this.#running.abandon(delayed);
      this.#work();
    });
  }

  /** Carries an offer out, and answers it. Never rejects. */
  async #answer(offered: Offered, work: UpdateWork): Promise<void> {
    const { offer } = offered;
    const { signal } = work;
    try {
      const answer = await this.#carryOut(offered, work);
      if (this.#offered?.offer.manifest_sha256 === offer.manifest_sha256) this.#offered = null;
      const handled = { manifest_sha256: offer.manifest_sha256, conditions: this.#conditions() };
      await this.#end(offer, answer, handled);
      await this.#discard();
    } catch (error) {
      if (signal.aborted) {
        if (signal.reason === withdrawn) this.#withdraw(offered);
        return;
      }
      await this.#wait(offer, error);
    }
  }

  /** Rejects for a failure that may pass, and when the work is abandoned. */
  async #carryOut({ offer, fetch }: Offered, work: UpdateWork): Promise<EarlyAnswer> {
    const { releases, host } = this.#parts;
    const { signal } = work;
    const refuse = (reason: string): EarlyAnswer => ({ state: "refused", reason });
    if (releases === null) return refuse(NO_RELEASES);
    const keys = this.#parts.trust();
    if (keys.length === 0) return refuse(NO_KEYS);
    try {
      const early = answerEarly(offer, await readReleases(releases.root));
      signal.throwIfAborted();
      if (early !== null) return early;
      this.#note("info", `The fleet offers a bundle with sequence ${offer.sequence}.`);
      await this.#save(waiting(offer, INTERRUPTED, this.#time()), this.#record.handled);
      const onStep = (step: UpdateStep, share: number | null) => this.#tell(offer, step, null, share);
      onStep("fetching", null);
      const folder = path.join(releases.root, DOWNLOADS);
      const file = await fetch(offer, { folder, keys, signal, onProgress: (share) => onStep("fetching", share) });
      signal.throwIfAborted();
      const bundle = { file, keys: readTrustedKeys(keys) };
      const options = { signal, onStep, isOffered: true };
      const { state, reason, code } = await releases.apply(bundle, work.hostFor(host), options);
      if (state === "refused" && isTemporary(code)) throw new Error(reason ?? undefined);
      return { state, reason };
    } catch (error) {
      if (signal.aborted || !FleetError.isInstance(error) || isTemporary(error.code)) throw error;
      return refuse(sentencesOf(error));
    }
  }

  /** Whether an offer that stands at the broker was answered before, and would be answered in the same way. */
  #isHandled({ manifest_sha256 }: BundleOffer): boolean {
    const { handled } = this.#record;
    return handled?.manifest_sha256 === manifest_sha256 && handled.conditions === this.#conditions();
  }

  #conditions(): string {
    const facts = [this.#parts.host.version, ...this.#parts.trust()];
    return createHash("sha256").update(JSON.stringify(facts)).digest("hex");
  }

  async #wait(offer: BundleOffer, error: unknown): Promise<void> {
    const offered = this.#offered;
    const reason = describe(error);
    // Another offer may have come meanwhile.
    if (this.#isClosed || offered?.offer.manifest_sha256 !== offer.manifest_sha256) return;
    offered.tries += 1;
    const message = waiting(offer, reason, this.#time());
    if (message.reason !== this.#last?.reason) this.#note("warning", `The update waits. ${reason}`);
    this.#show(message);
    await this.#save(message, this.#record.handled);
    if (this.#isClosed || this.#offered !== offered) return;
    const pause = retryPause(offered.tries, Math.random());
    this.#pause = setTimeout(() => this.retry(), pause);
    (this.#pause as { unref?: () => void }).unref?.();
  }

  async #end(
    bundle: Pick<UpdateMessage, "sequence" | "manifest_sha256">,
    { state, reason }: EarlyAnswer,
    handled: UpdateRecord["handled"],
  ): Promise<void> {
    this.#tell(bundle, state, reason, null);
    this.#note(...noticeOf(bundle.sequence, { state, reason }));
    await this.#save(this.#last, handled);
  }

  /** Answers an offer that was withdrawn before its change. */
  #withdraw({ offer }: Offered): void {
    if (this.#last?.manifest_sha256 !== offer.manifest_sha256 || isFinished(this.#last)) return;
    this.#tell(offer, "refused", withdrawn.message, null);
    this.#note("info", withdrawn.message);
    void this.#save(this.#last, this.#record.handled);
    void this.#discard();
  }

  async #discard(): Promise<void> {
    const { releases } = this.#parts;
    if (releases !== null) await removeDownloads(path.join(releases.root, DOWNLOADS)).catch(() => {});
  }

  #tell(
    { sequence, manifest_sha256 }: Pick<UpdateMessage, "sequence" | "manifest_sha256">,
    state: UpdateMessage["state"],
    reason: string | null,
    share: number | null,
  ): void {
    const progress = share === null ? null : Math.floor(share * PROGRESS_STEPS) / PROGRESS_STEPS;
    const { last } = this;
    const isKnown = last?.manifest_sha256 === manifest_sha256 && last.state === state && last.progress === progress;
    if (isKnown && !isFinished({ state })) return;
    const text = reason === null ? null : cutText(reason, MAX_REASON_CHARACTERS);
    this.#show({ format: 1, sequence, manifest_sha256, state, reason: text, progress, at: this.#time() });
  }

  #show(message: UpdateMessage): void {
    this.#last = message;
    for (const listener of [...this.#listeners]) listener();
  }

  async #save(message: UpdateMessage | null, handled: UpdateRecord["handled"]): Promise<void> {
    const { releases } = this.#parts;
    this.#record = { message, handled };
    if (releases === null) return;
    const problem = await writeUpdateRecord(releases.root, this.#record).then(
      () => null,
      (error: Error) => error.message,
    );
    if (problem !== null && problem !== this.#lastDiskProblem)
      this.#note("warning", `The state of the updates cannot be kept in ${releases.root}: ${asSentence(problem)}`);
    this.#lastDiskProblem = problem;
  }

  #stopPause(): void {
    if (this.#pause !== null) clearTimeout(this.#pause);
    this.#pause = null;
  }

  #note(level: "info" | "warning", message: string): void {
    this.#parts.onNotice({ level, message });
  }

  #releases() {
    const { releases } = this.#parts;
    if (releases !== null) return releases;
    throw new FleetError({ code: "releases-unusable", message: NO_RELEASES });
  }

  #time(): string {
    return new Date(this.#parts.now?.() ?? Date.now()).toISOString();
  }
}

const INTERRUPTED = "The service ended during the update, which goes on when its offer comes again.";
const NO_KEYS =
  "The config of this device trusts no keys. Add the public key of the fleet to fleet.trust, then reload the service.";
const NO_RELEASES =
  "The service does not run from a folder of releases. Apply a first bundle on this device with nanoagent bundle apply, " +
  "then serve ROOT/current/agent.yaml.";

function waiting({ sequence, manifest_sha256 }: BundleOffer, reason: string, at: string): UpdateMessage {
  const text = cutText(reason, MAX_REASON_CHARACTERS);
  return { format: 1, sequence, manifest_sha256, state: "waiting", reason: text, progress: null, at };
}

function describe(error: unknown): string {
  if (NanoAgentError.isInstance(error)) return sentencesOf(error);
  return asSentence(error instanceof Error ? error.message : String(error));
}
