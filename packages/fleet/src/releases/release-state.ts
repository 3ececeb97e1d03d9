import type { FailedBundle } from "./release-list.js";

/** Most failed bundles that are remembered. */
const MAX_FAILED = 10;
/** Longest reason that is remembered, in characters. */
export const MAX_REASON_CHARACTERS = 2_000;
/** Number of interrupted trials after which an offered bundle counts as failed, for it may be what ends the program. */
export const MAX_ATTEMPTS = 3;

/**
 * Content of `ROOT/state.json`. It is written before the link `current` is changed and again after, so that at every moment
 * state and link together tell which release is in use and whether it is proven:
 *
 * | `trial` | `rollback` | `current` | what it means after an interruption |
 * |---|---|---|---|
 * | null | null | any | nothing was under way |
 * | `proving` | null | old | the proof was interrupted: the old release stays |
 * | `proven` | null | old | interrupted just before the change: the old release stays |
 * | `proven` | null | new | interrupted just after the change: the update is finished |
 * | `starting` | null | old | interrupted just before the change: the old release stays |
 * | `starting` | null | new | the agent may not have started: goes back to the old release |
 * | null | set | old | interrupted just before the rollback: the release stays |
 * | null | set | target | interrupted just after: the rollback is finished |
 */
export interface ReleaseState {
  readonly format: 1;
  /** Highest sequence that was ever in use and proven, or 0. */
  readonly sequence: number;
  /** Bundle of this sequence, or null for 0. */
  readonly manifest_sha256: string | null;
  /** Release that a rollback goes to, or null. Lower than the release in use. */
  readonly previous: number | null;
  readonly trial: Trial | null;
  readonly rollback: StartedRollback | null;
  /** The bundle whose trial was interrupted last. */
  readonly interrupted: InterruptedTrial | null;
  /** The newest first, each bundle once. */
  readonly failed: readonly FailedBundle[];
}

/** A release that is not proven yet. */
export interface Trial {
  readonly sequence: number;
  readonly manifest_sha256: string;
  /** Release in use before, or null. */
  readonly previous: number | null;
  /** Number of this trial of the bundle, from 1. */
  readonly attempts: number;
  /** `starting`: `current` may lead to it, and its agent starts. `proven`: `current` may lead to it, which ends the trial. */
  readonly step: "proving" | "proven" | "starting";
}

export interface StartedRollback {
  /** The older release. */
  readonly sequence: number;
  /** The release that fails with this. */
  readonly from: { readonly sequence: number; readonly manifest_sha256: string };
}

export interface InterruptedTrial {
  readonly manifest_sha256: string;
  readonly attempts: number;
}

/** Sequence and hash of a bundle. */
export interface BundleIdentity {
  readonly sequence: number;
  readonly manifest_sha256: string;
}

export const NEW_STATE: ReleaseState = {
  format: 1,
  sequence: 0,
  manifest_sha256: null,
  previous: null,
  trial: null,
  rollback: null,
  interrupted: null,
  failed: [],
};

/** Begins the trial of a bundle while the release `previous` is in use. */
export function beginTrial(state: ReleaseState, bundle: BundleIdentity, previous: number | null): ReleaseState {
  const attempts = attemptsOf(state, bundle.manifest_sha256) + 1;
  const { sequence, manifest_sha256 } = bundle;
  return { ...state, trial: { sequence, manifest_sha256, previous, attempts, step: "proving" } };
}

/** Number of interrupted trials of a bundle. */
export function attemptsOf({ interrupted }: ReleaseState, manifestSha256: string): number {
  return interrupted?.manifest_sha256 === manifestSha256 ? interrupted.attempts : 0;
}

export function withStep(state: ReleaseState, step: Trial["step"]): ReleaseState {
  return state.trial === null ? state : { ...state, trial: { ...state.trial, step } };
}

/** The release on trial stays. */
export function settleTrial(state: ReleaseState): ReleaseState {
  const { trial } = state;
  if (trial === null) return state;
  const { sequence, manifest_sha256, previous } = trial;
  const failed = state.failed.filter((other) => other.manifest_sha256 !== manifest_sha256);
  return { ...state, sequence, manifest_sha256, previous, trial: null, interrupted: null, failed };
}

/** The trial ended without a result, because the program was killed. It counts. */
export function interruptTrial(state: ReleaseState): ReleaseState {
  const { trial } = state;
  if (trial === null) return state;
  const { manifest_sha256, attempts } = trial;
  return { ...state, trial: null, interrupted: { manifest_sha256, attempts } };
}

/** The trial ended without a result, and without a fault of the bundle. It does not count. */
export function cancelTrial(state: ReleaseState): ReleaseState {
  return { ...state, trial: null };
}

/** The bundle does not work here. Ends its trial. */
export function failBundle(state: ReleaseState, bundle: BundleIdentity, reason: string, at: string): ReleaseState {
  const { sequence, manifest_sha256 } = bundle;
  const others = state.failed.filter((other) => other.manifest_sha256 !== manifest_sha256);
  const failed = [{ sequence, manifest_sha256, reason, at }, ...others].slice(0, MAX_FAILED);
  return { ...state, trial: null, interrupted: null, failed };
}

/** The rollback is done: the release that was in use has failed. `previous` is the release before the one now in use. */
export function settleRollback(state: ReleaseState, previous: number | null, at: string): ReleaseState {
  const { rollback } = state;
  if (rollback === null) return state;
  const failed = failBundle(state, rollback.from, "It was rolled back on this device.", at);
  return { ...failed, previous, rollback: null };
}

/** Whether an interrupted update has to be taken back: `current` leads to a release that is not proven. */
export function isUnproven({ trial }: ReleaseState, current: number | null): boolean {
  return trial !== null && trial.step !== "proven" && trial.sequence === current;
}

/** The newest release below a sequence that has not failed, or null. */
export function releaseBelow(
  releases: readonly BundleIdentity[],
  sequence: number | null,
  { failed }: Pick<ReleaseState, "failed">,
): number | null {
  const hasFailed = (hash: string) => failed.some(({ manifest_sha256 }) => manifest_sha256 === hash);
  const lower = releases.filter(
    (other) => (sequence === null || other.sequence < sequence) && !hasFailed(other.manifest_sha256),
  );
  return lower.reduce<number | null>((best, other) => Math.max(best ?? 0, other.sequence), null);
}
