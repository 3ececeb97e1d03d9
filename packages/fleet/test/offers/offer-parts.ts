import type { BundleHead } from "../../src/bundle/bundle-manifest.js";
import { parseHead } from "../../src/bundle/parse-head.js";
import type { BundleOffer, UpdateMessage } from "../../src/offers/bundle-offer.js";
import { makeOffer } from "../../src/offers/make-offer.js";
import { type BundleParts, bundleOf, testKey } from "../bundle/bundle-parts.js";

export const key = testKey();

/** A signed bundle with its head and its offer. */
export interface TestBundle {
  readonly bytes: Buffer;
  readonly head: BundleHead;
  readonly offer: BundleOffer;
}

export function signedBundle(parts: BundleParts & { readonly url?: string } = {}): TestBundle {
  const bytes = bundleOf({ key, ...parts });
  const head = parseHead(bytes, bytes.length);
  if (head === null) throw new Error("No head");
  return { bytes, head, offer: makeOffer(head, { url: parts.url }) };
}

/** Files with text that does not repeat, a few of them empty. */
export function files(count: number, size: number) {
  const config = { path: "agent.yaml", text: "role: gardener\n" };
  const text = (index: number) => {
    let content = "";
    for (let line = 0; content.length < size; line += 1) content += `${index} ${line * 7919}\n`;
    return content.slice(0, size);
  };
  const further = Array.from({ length: count }, (_, index) => ({
    path: `data/${String(index).padStart(5, "0")}.txt`,
    text: index % 5 === 3 ? "" : text(index),
  }));
  return [config, ...further];
}

export function bytesOf(value: unknown): Uint8Array {
  return new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
}

export function updateOf(offer: Pick<BundleOffer, "sequence" | "manifest_sha256">, more: Partial<UpdateMessage> = {}) {
  const { sequence, manifest_sha256 } = offer;
  const at = new Date().toISOString();
  const update: UpdateMessage = {
    format: 1,
    sequence,
    manifest_sha256,
    state: "applied",
    reason: null,
    progress: null,
    at,
    ...more,
  };
  return update;
}
