import type { Broker } from "@nanoagent/server/mqtt";
import { claimTopic } from "../piece-topic.js";
import { readJsonObject } from "./read-json-object.js";

/** Age up to which a claim counts. Its owner may have ended without a word. */
const VALID_MILLISECONDS = 60 * 60 * 1000;
/** Time between two claims of an upload. */
const RENEWAL_MILLISECONDS = 10 * 60 * 1000;
/** Time that the end of a claim may take. */
const CLEAR_MILLISECONDS = 2000;
const MAX_CLAIM_BYTES = 1024;

export interface ClaimParts {
  readonly broker: Broker;
  readonly prefix: string;
  readonly manifestSha256: string;
  readonly signal: AbortSignal;
}

/**
 * Says at the broker that a bundle is uploaded, so that others leave its pieces alone although no offer names them yet. Resolves
 * when the broker has the claim. The function that it returns ends the claim.
 */
export async function claimUpload({
  broker,
  prefix,
  manifestSha256,
  signal,
}: ClaimParts): Promise<() => Promise<void>> {
  const topic = claimTopic(prefix, manifestSha256);
  const publish = () => broker.publish(topic, claimMessage(), { retain: true, signal });
  await publish();
  // One that fails is made up for by the next one: a claim is valid for longer.
  const timer = setInterval(() => void publish().catch(() => {}), RENEWAL_MILLISECONDS);
  timer.unref?.();
  return async () => {
    clearInterval(timer);
    const end = AbortSignal.timeout(CLEAR_MILLISECONDS);
    // A claim that stays is too old after an hour.
    await broker.publish(topic, "", { retain: true, signal: end }).catch(() => {});
  };
}

/** Whether a message is a claim that still counts. Clocks of two operators may differ a little. */
export function isClaimValid(payload: Uint8Array, now = Date.now()): boolean {
  const claim = readJsonObject(payload, MAX_CLAIM_BYTES);
  if (claim === null || claim.format !== 1 || typeof claim.at !== "string") return false;
  return Math.abs(now - Date.parse(claim.at)) < VALID_MILLISECONDS;
}

function claimMessage(): string {
  return JSON.stringify({ format: 1, at: new Date().toISOString() });
}
