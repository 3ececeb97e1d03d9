import { createHmac, timingSafeEqual } from "node:crypto";
import { Keys } from "../../../access/keys.js";
import type { HookRequest } from "./hook-door.js";

/** Time by which the clock of a sender of Standard Webhooks may differ. */
const TOLERANCE_SECONDS = 300;
/** Most signatures in a header: a sender that changes its secret sends two. */
const MAX_SIGNATURES = 10;
/** Begins a secret of Standard Webhooks; the rest is base64. */
const SECRET_PREFIX = "whsec_";

/** A request that knows the secret. */
export interface KnownRequest {
  /** The sender's id of the request, which a repeated one has, too; null where it sends none. */
  readonly id: string | null;
}

/**
 * Checks that a request knows the secret: by a signature of Standard Webhooks, by one of GitHub, or as a bearer token.
 * The first of these headers decides. Returns null where it does not. `now` is in milliseconds since 1970.
 */
export function checkHook({ header, body }: HookRequest, secret: string, now: number): KnownRequest | null {
  const standard = header("webhook-signature");
  if (standard !== null) {
    const [id, timestamp] = [header("webhook-id"), header("webhook-timestamp")];
    if (id === null || timestamp === null || !isRecent(timestamp, now)) return null;
    const key = secret.startsWith(SECRET_PREFIX) ? Buffer.from(secret.slice(SECRET_PREFIX.length), "base64") : secret;
    const expected = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64");
    const given = standard.split(" ", MAX_SIGNATURES);
    return given.filter((one) => isSame(one, `v1,${expected}`)).length > 0 ? { id } : null;
  }
  const github = header("x-hub-signature-256");
  if (github !== null) {
    const expected = createHmac("sha256", secret).update(body).digest("hex");
    return isSame(github, `sha256=${expected}`) ? { id: header("x-github-delivery") } : null;
  }
  const [, token] = /^Bearer +(\S+) *$/i.exec(header("authorization") ?? "") ?? [];
  if (token === undefined || !new Keys([secret]).accepts(token)) return null;
  return { id: header("idempotency-key") ?? header("webhook-id") };
}

function isRecent(timestamp: string, now: number): boolean {
  return /^\d{1,12}$/.test(timestamp) && Math.abs(now / 1000 - Number(timestamp)) <= TOLERANCE_SECONDS;
}

/** Compares in a time that does not depend on where the texts differ. */
function isSame(given: string, expected: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}
