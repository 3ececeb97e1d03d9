import type { FailedBundle } from "./release-list.js";
import type { InterruptedTrial, ReleaseState, StartedRollback, Trial } from "./release-state.js";

type Fields = Readonly<Record<string, unknown>>;
const HASH = /^[0-9a-f]{64}$/;
const STEPS: readonly unknown[] = ["proving", "proven", "starting"] satisfies Trial["step"][];

/** A state, or why the text is not one: a newer nanoagent wrote it, or it is damaged. */
export type ParsedState = { readonly state: ReleaseState } | { readonly problem: "newer" | "damaged" };

/** Parses `state.json`. Unknown keys are ignored. */
export function parseReleaseState(text: string): ParsedState {
  const value = parseFields(text);
  if (value === null) return { problem: "damaged" };
  if (value.format !== 1) return { problem: isSequence(value.format) ? "newer" : "damaged" };
  const sequence = value.sequence === 0 ? 0 : asSequence(value.sequence);
  const previous = orNull(value.previous, asSequence);
  const trial = orNull(value.trial, asTrial);
  const rollback = orNull(value.rollback ?? null, asRollback);
  const interrupted = orNull(value.interrupted ?? null, asInterrupted);
  const hash = orNull(value.manifest_sha256, asHash);
  const failed = Array.isArray(value.failed) ? value.failed.map(asFailed) : undefined;
  if (sequence === undefined || previous === undefined || trial === undefined || rollback === undefined)
    return { problem: "damaged" };
  if (interrupted === undefined || hash === undefined || failed === undefined) return { problem: "damaged" };
  if (!failed.every((item) => item !== undefined)) return { problem: "damaged" };
  return {
    state: { format: 1, sequence, manifest_sha256: hash, previous, trial, rollback, interrupted, failed },
  };
}

/** Parses the JSON of an object. Returns null for anything else. */
export function parseFields(text: string): Fields | null {
  try {
    return asFields(JSON.parse(text)) ?? null;
  } catch {
    return null;
  }
}

/** Whether a value is the sequence of a bundle: a positive integer that JavaScript represents exactly. */
export function isSequence(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0;
}

/** Whether a value is a SHA-256 as bundles write it. */
export function isHash(value: unknown): value is string {
  return typeof value === "string" && HASH.test(value);
}

function asFields(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

/** Null stays null; anything else has to be a value of the kind, or the result is undefined. */
function orNull<Value>(value: unknown, parse: (value: unknown) => Value | undefined): Value | null | undefined {
  return value === null ? null : parse(value);
}

function asSequence(value: unknown): number | undefined {
  return isSequence(value) ? value : undefined;
}

function asHash(value: unknown): string | undefined {
  return isHash(value) ? value : undefined;
}

function asTrial(value: unknown): Trial | undefined {
  const { sequence, manifest_sha256, previous, attempts, step } = asFields(value) ?? {};
  const before = orNull(previous, asSequence);
  if (!isSequence(sequence) || !isHash(manifest_sha256) || before === undefined) return undefined;
  if (!isSequence(attempts) || !STEPS.includes(step)) return undefined;
  return { sequence, manifest_sha256, previous: before, attempts, step: step as Trial["step"] };
}

function asRollback(value: unknown): StartedRollback | undefined {
  const { sequence, from } = asFields(value) ?? {};
  const begin = asFields(from) ?? {};
  if (!isSequence(sequence) || !isSequence(begin.sequence) || !isHash(begin.manifest_sha256)) return undefined;
  return { sequence, from: { sequence: begin.sequence, manifest_sha256: begin.manifest_sha256 } };
}

function asInterrupted(value: unknown): InterruptedTrial | undefined {
  const { manifest_sha256, attempts } = asFields(value) ?? {};
  return isHash(manifest_sha256) && isSequence(attempts) ? { manifest_sha256, attempts } : undefined;
}

function asFailed(value: unknown): FailedBundle | undefined {
  const { sequence, manifest_sha256, reason, at } = asFields(value) ?? {};
  if (!isSequence(sequence) || !isHash(manifest_sha256)) return undefined;
  return typeof reason === "string" && typeof at === "string" ? { sequence, manifest_sha256, reason, at } : undefined;
}
