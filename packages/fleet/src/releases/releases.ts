import path from "node:path";
import { cutText, type NanoAgentError } from "@nanoagent/models";
import { type Claim, isClaimThere } from "@nanoagent/runtime/node";
import type { BundleHead } from "../bundle/bundle-manifest.js";
import type { TrustedKey } from "../bundle/keys.js";
import { parseManifest } from "../bundle/parse-manifest.js";
import { verifyBundle } from "../bundle/verify-bundle.js";
import { FleetError } from "../fleet-error.js";
import { changeBy, ObservedSteps } from "./change-by.js";
import { checkDisk, checkVersion, provideModels } from "./check-device.js";
import { describeResult } from "./describe-result.js";
import { findDamage } from "./find-damage.js";
import { judgeSequence } from "./judge-sequence.js";
import { findPrevious, keptReleases } from "./kept-releases.js";
import { NEXT, type ReleaseFolder } from "./release-folder.js";
import type { ApplyBundleOptions, ApplyResult, PlacedRelease, ReleaseHost, UpdateStep } from "./release-host.js";
import type { ReleaseRecord } from "./release-record.js";
import {
  type BundleIdentity,
  beginTrial,
  cancelTrial,
  failBundle,
  MAX_REASON_CHARACTERS,
  type ReleaseState,
  releaseBelow,
  settleRollback,
  settleTrial,
  withStep,
} from "./release-state.js";
import {
  damagedBefore,
  damagedInUse,
  expectedError,
  failedBefore,
  failedRelease,
  isDiskFull,
  isFailedRelease,
  isUndecided,
  noRoomToGoBack,
  nothingOlder,
  sentencesOf,
  unusable,
  wrongConfig,
} from "./releases-errors.js";
import type { RepairedReleases } from "./repair-releases.js";
import { takeBack } from "./take-back.js";

/** Parts that {@link openReleases} has made ready. */
interface OpenedFolder extends RepairedReleases {
  readonly folder: ReleaseFolder;
  readonly claim: Claim;
}

/** One change of releases: everything that its steps need. */
interface Change {
  readonly host: ReleaseHost;
  readonly signal: AbortSignal;
  readonly onStep: (step: UpdateStep, progress: number | null) => void;
}

/** A release at `ROOT/next`. */
interface TriedRelease {
  readonly head: BundleHead;
  readonly bundle: BundleIdentity;
  readonly placed: PlacedRelease;
  /** Release in use, or null. */
  readonly current: number | null;
}

/**
 * The claimed folder of the releases of an agent. A kill or a power cut at any moment leaves `current` at the old or at the new
 * release, each complete:
 *
 * 1. a release is complete and synced before it gets its name, and only then is it checked and proven, at `ROOT/next`;
 * 2. the state says that a trial has begun before the proof starts, and that `current` may change before it does;
 * 3. `current` changes in one step, and is synced;
 * 4. the state says that the trial is over; only then are older releases removed, and never the one that `current` leads to.
 *
 * `openReleases` finishes, or takes back, what was interrupted between these steps.
 */
export class Releases {
  /** Full path without links. */
  readonly root: string;
  /** Sentences about the update that was interrupted before this program opened the folder, and its repair; or null. */
  readonly repaired: string | null;
  readonly #folder: ReleaseFolder;
  readonly #claim: Claim;
  /** Whether opening the folder has finished an interrupted rollback. */
  #hasRolledBack: boolean;
  #state: ReleaseState;
  #running: Promise<unknown> | null = null;
  #isClosed = false;

  /** @hidden Use {@link openReleases}. */
  constructor({ folder, claim, state, repaired, hasRolledBack }: OpenedFolder) {
    this.root = folder.root;
    this.repaired = repaired;
    this.#folder = folder;
    this.#claim = claim;
    this.#state = state;
    this.#hasRolledBack = hasRolledBack;
  }

  /**
   * Verifies, unpacks, checks and proves a bundle, and makes it the release in use. Resolves with the result once the
   * manifest's signature is verified, also if the bundle is refused or rolled back. Throws `FleetError` for a file that
   * cannot be read, is damaged or is not trusted, and the signal's reason when aborted; the old release is then in use.
   */
  apply(
    { file, keys }: { readonly file: string; readonly keys: readonly TrustedKey[] },
    host: ReleaseHost,
    { signal = new AbortController().signal, onStep = () => {}, isOffered = false }: ApplyBundleOptions = {},
  ): Promise<ApplyResult> {
    return this.#alone(async () => {
      signal.throwIfAborted();
      onStep("verifying", null);
      const { head, key } = await verifyBundle(file, { keys, signal });
      try {
        return await this.#applyVerified({ file, head, key: key.fingerprint }, { host, signal, onStep }, isOffered);
      } catch (error) {
        signal.throwIfAborted();
        return this.#resultOf(head, "refused", expectedError(error, this.root));
      } finally {
        await this.#tidy();
      }
    });
  }

  /**
   * Goes back to the previous release. The result describes the release that is then in use: `applied`, or `refused` if no
   * earlier release is here or its agent does not start. The release that was in use counts as failed, so that an offer of
   * it is not taken again. `countsFinished`: an interrupted rollback that was finished when this folder was opened is the one
   * that is asked for, as when a killed command is repeated.
   */
  rollBack(
    host: ReleaseHost,
    {
      signal = new AbortController().signal,
      countsFinished = false,
    }: { readonly signal?: AbortSignal | undefined; readonly countsFinished?: boolean | undefined } = {},
  ): Promise<ApplyResult> {
    return this.#alone(async () => {
      signal.throwIfAborted();
      const isFinished = countsFinished && this.#hasRolledBack;
      this.#hasRolledBack = false;
      try {
        if (isFinished) return await this.#describeCurrent();
        return await this.#goBack({ host, signal, onStep: () => {} });
      } catch (error) {
        signal.throwIfAborted();
        throw expectedError(error, this.root);
      } finally {
        await this.#tidy();
      }
    });
  }

  /** Ends the trial of the release in use. `apply` does so when the host's `change` resolves. Does nothing without a trial. */
  async confirm(): Promise<void> {
    const { trial } = this.#state;
    if (trial === null || trial.step === "proving") return;
    if ((await this.#folder.readCurrent()) === trial.sequence) await this.#save(settleTrial(this.#state));
  }

  /** Frees the folder. Waits for a running update. Safe to call twice. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running;
    await this.#claim.release();
  }

  async #applyVerified(
    { file, head, key }: { file: string; head: BundleHead; key: string },
    change: Change,
    isOffered: boolean,
  ): Promise<ApplyResult> {
    const { manifest } = head;
    const bundle = { sequence: manifest.sequence, manifest_sha256: head.manifestSha256 };
    const current = await this.#folder.readCurrent();
    const judged = judgeSequence(head, { state: this.#state, current: await this.#identify(current), isOffered });
    const provideAll = () =>
      provideModels(manifest.models ?? [], change.host.models, {
        signal: change.signal,
        onProgress: (share) => change.onStep("pulling", share),
      });
    if (judged.verdict === "current") {
      const damage = await findDamage(this.#folder.folderOf(bundle.sequence), manifest.files, change.signal);
      if (damage !== null) throw damagedInUse(bundle.sequence, damage);
      await provideAll();
      // A full disk may have left it on trial.
      await this.confirm();
      return this.#resultOf(head, "current");
    }
    if (judged.verdict === "failed-before") {
      if (judged.isNew) await this.#save(failBundle(this.#state, bundle, judged.reason, now()));
      return this.#resultOf(head, "rolled-back", failedBefore(judged.reason));
    }
    checkVersion(manifest, change.host.version);
    checkDisk(this.root, manifest);
    // A link to a release that somebody removed would lead to the new one before that is proven.
    if (current === null) await this.#folder.setCurrent(null);
    const record = await this.#folder.place(file, head, key, change.signal);
    await this.#folder.setNext(bundle.sequence);
    const placed = this.#placedRelease(record);
    await provideAll();
    change.signal.throwIfAborted();
    change.onStep("checking", null);
    const errors = await change.host.check(placed.config, change.signal);
    change.signal.throwIfAborted();
    if (errors.length > 0) throw wrongConfig(manifest, errors);
    return this.#try({ head, bundle, placed, current }, change);
  }

  /** Proves a placed release and changes to it. Goes back if it fails. */
  async #try({ head, bundle, placed, current }: TriedRelease, { host, signal, onStep }: Change): Promise<ApplyResult> {
    const { name, version } = head.manifest;
    const steps = new ObservedSteps({
      prove: async () => {
        onStep("proving", null);
        const reason = await host.prove(placed, signal);
        if (reason !== null) throw failedRelease(`The agent of ${name} ${version} failed its proof.`, reason);
      },
      moveOn: async () => {
        signal.throwIfAborted();
        onStep("starting", null);
        await this.#requireClaim();
        await this.#save(withStep(this.#state, host.change === undefined ? "proven" : "starting"));
        await this.#folder.setCurrent(bundle.sequence);
      },
      moveBack: () => this.#folder.setCurrent(current),
    });
    await this.#save(beginTrial(this.#state, bundle, current));
    try {
      await changeBy(steps, host, signal);
      if ((await this.#folder.readCurrent()) !== bundle.sequence) throw new Error("change() has to call moveOn()");
    } catch (error) {
      // A host that could not go back by itself has said so; the link has to be right in any case.
      if ((await this.#folder.readCurrent()) === bundle.sequence) await this.#folder.setCurrent(current);
      if (signal.aborted || isUndecided(error) || (steps.failure === error && !isFailedRelease(error))) {
        await this.#saveIfPossible(cancelTrial(this.#state));
        throw error;
      }
      const failure = isFailedRelease(error)
        ? error
        : failedRelease(`The agent of ${name} ${version} did not start.`, error);
      const reason = cutText(sentencesOf(failure), MAX_REASON_CHARACTERS);
      await this.#saveIfPossible(failBundle(this.#state, bundle, reason, now()));
      return this.#resultOf(head, "rolled-back", failure);
    }
    try {
      await this.#save(settleTrial(this.#state));
    } catch (error) {
      const failure = expectedError(error, this.root);
      await takeBack(this.#folder, host, { sequence: bundle.sequence, previous: current, failure });
      await this.#saveIfPossible(cancelTrial(this.#state));
      return this.#resultOf(head, "rolled-back", failure);
    }
    return this.#resultOf(head, "applied");
  }

  async #describeCurrent(): Promise<ApplyResult> {
    const current = await this.#folder.readCurrent();
    const record = (await this.#folder.readRecords()).find(({ sequence }) => sequence === current);
    return describeResult(record, "applied", current);
  }

  async #goBack({ host, signal }: Change): Promise<ApplyResult> {
    const current = await this.#folder.readCurrent();
    const records = await this.#folder.readRecords();
    const [from, to] = [current, findPrevious(records, this.#state, current)].map((sequence) =>
      records.find((record) => record.sequence === sequence),
    );
    if (to === undefined) return describeResult(from, "refused", current, nothingOlder(this.root));
    const files = parseManifest(new TextEncoder().encode(to.manifest)).files;
    const damage = await findDamage(this.#folder.folderOf(to.sequence), files, signal);
    if (damage !== null) return describeResult(from, "refused", current, damagedBefore(to.sequence, damage));
    const steps = new ObservedSteps({
      // It was proven when it was applied.
      prove: async () => {},
      moveOn: async () => {
        await this.#requireClaim();
        await this.#folder.setCurrent(to.sequence);
      },
      moveBack: () => this.#folder.setCurrent(current),
    });
    const begin =
      from === undefined
        ? null
        : { sequence: to.sequence, from: { sequence: from.sequence, manifest_sha256: from.manifest_sha256 } };
    let hasBegun = false;
    try {
      // The disk may be full.
      await this.#folder.clean(new Set([...keptReleases(records, this.#state, current), to.sequence]));
      await this.#save({ ...this.#state, rollback: begin });
      hasBegun = true;
      await changeBy(steps, host, signal);
    } catch (error) {
      if ((await this.#folder.readCurrent()) === to.sequence) await this.#folder.setCurrent(current);
      await this.#saveIfPossible({ ...this.#state, rollback: null });
      signal.throwIfAborted();
      const failure =
        hasBegun && steps.failure !== error && !isUndecided(error)
          ? failedRelease(`The agent of ${to.name} ${to.version} did not start.`, error)
          : isDiskFull(error)
            ? noRoomToGoBack(this.root, current, error)
            : expectedError(error, this.root);
      return describeResult(from, "refused", current, failure);
    }
    const failed = begin === null ? this.#state.failed : [...this.#state.failed, { ...begin.from, reason: "", at: "" }];
    const previous = releaseBelow(records, to.sequence, { failed });
    // If this fails, the next program that opens the folder finishes the rollback.
    await this.#saveIfPossible(
      begin === null ? { ...this.#state, previous } : settleRollback(this.#state, previous, now()),
    );
    return describeResult(to, "applied", to.sequence);
  }

  /** Removes the link `next`, half-unpacked releases, and old releases beyond the three that stay. A failure is ignored: the next update tries again. */
  async #tidy(): Promise<void> {
    try {
      const current = await this.#folder.readCurrent();
      await this.#folder.clean(keptReleases(await this.#folder.readRecords(), this.#state, current));
    } catch {
      // The update itself has ended, and its result matters more.
    }
  }

  /** Runs one change at a time. */
  async #alone<Value>(work: () => Promise<Value>): Promise<Value> {
    if (this.#isClosed)
      throw unusable(`${this.root} is closed.`, "This program ends.", "Start the change again later.");
    if (this.#running !== null) {
      throw new FleetError({
        code: "releases-busy",
        message: `${this.root} is being changed.`,
        reason: "Another update runs in this program.",
        hint: "Wait until it is done, then try again.",
      });
    }
    const running = work();
    this.#running = running.catch(() => {});
    try {
      return await running;
    } finally {
      this.#running = null;
    }
  }

  /** On disks without sockets a claim can get lost while this program is suspended. */
  async #requireClaim(): Promise<void> {
    if (await isClaimThere(this.#claim)) return;
    throw new FleetError({
      code: "releases-busy",
      message: `Another program has taken over ${this.root}.`,
      reason: "This program was suspended for too long.",
      hint: "Try again.",
    });
  }

  async #save(state: ReleaseState): Promise<void> {
    await this.#folder.writeState(state);
    this.#state = state;
  }

  /** For the way back, where the state on disk says what to repair if nothing can be written. */
  async #saveIfPossible(state: ReleaseState): Promise<void> {
    this.#state = state;
    await this.#folder.writeState(state).catch(() => {});
  }

  async #identify(current: number | null): Promise<BundleIdentity | null> {
    if (current === null) return null;
    const record = (await this.#folder.readRecords()).find((other) => other.sequence === current);
    const { sequence, manifest_sha256 } = this.#state;
    // A lost record does not make the release another one.
    const known = sequence === current ? manifest_sha256 : null;
    return { sequence: current, manifest_sha256: record?.manifest_sha256 ?? known ?? "" };
  }

  #placedRelease({ config, smoke }: ReleaseRecord): PlacedRelease {
    const folder = path.join(this.root, NEXT);
    return { folder, config: path.join(folder, config), smoke: smoke === null ? null : path.join(folder, smoke) };
  }

  async #resultOf(
    { manifest, manifestSha256 }: BundleHead,
    state: ApplyResult["state"],
    error: NanoAgentError | null = null,
  ): Promise<ApplyResult> {
    const current = await this.#folder.readCurrent().catch(() => null);
    return describeResult({ ...manifest, manifest_sha256: manifestSha256 }, state, current, error);
  }
}

function now(): string {
  return new Date().toISOString();
}
