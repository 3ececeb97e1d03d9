import { cutText } from "@nanoagent/models";
import type { UpdateMessage } from "./bundle-offer.js";
import { isSequence, isSha256 } from "./is-sequence.js";
import { readJsonObject } from "./read-json-object.js";

/** Largest message: its reason may have some thousand characters of several bytes. */
const MAX_UPDATE_BYTES = 32 * 1024;
/** Longest reason that is kept, in characters. */
export const MAX_REASON_CHARACTERS = 2000;
/** Longest time of the message, in characters. */
const MAX_TIME_CHARACTERS = 40;

/** States of an update, with whether each is the end of it. */
const endsByState: Readonly<Record<UpdateMessage["state"], boolean>> = {
  waiting: false,
  fetching: false,
  verifying: false,
  pulling: false,
  checking: false,
  proving: false,
  starting: false,
  applied: true,
  current: true,
  refused: true,
  "rolled-back": true,
};

/** State of an update, also of a device that does not run nanoagent: such a device has to publish only `sequence` and `state`. */
export interface ReportedUpdate extends Omit<UpdateMessage, "manifest_sha256" | "at"> {
  /** Null: the sequence alone names the bundle. */
  readonly manifest_sha256: string | null;
  /** ISO 8601, or null. */
  readonly at: string | null;
}

/** Returns the state of an update in a message, or null for anything else. Longer reasons are cut. */
export function parseUpdate(payload: Uint8Array): ReportedUpdate | null {
  const value = readJsonObject(payload, MAX_UPDATE_BYTES);
  if (value === null) return null;
  const { format = 1, sequence, manifest_sha256 = null, state, reason = null, progress = null, at = null } = value;
  if (format !== 1 || !isSequence(sequence) || !isState(state)) return null;
  if (!(manifest_sha256 === null || isSha256(manifest_sha256)) || !(at === null || isTime(at))) return null;
  if (!(reason === null || typeof reason === "string") || !isShareOrNull(progress)) return null;
  const text = reason === null ? null : cutText(reason, MAX_REASON_CHARACTERS);
  return { format, sequence, manifest_sha256, state, reason: text, progress, at };
}

/** Whether an update has come to its end. */
export function isFinished({ state }: Pick<UpdateMessage, "state">): boolean {
  return endsByState[state];
}

function isState(value: unknown): value is UpdateMessage["state"] {
  return typeof value === "string" && Object.hasOwn(endsByState, value);
}

function isShareOrNull(value: unknown): value is number | null {
  return value === null || (typeof value === "number" && value >= 0 && value <= 1);
}

function isTime(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_TIME_CHARACTERS && !Number.isNaN(Date.parse(value));
}
