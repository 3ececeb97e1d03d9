import { expect, onTestFinished, test, vi } from "vitest";
import { UpdateChannel } from "../../src/device/update-channel.js";
import { Updater } from "../../src/device/updater.js";
import type { UpdaterHost } from "../../src/device/updater-host.js";
import { expectSchema } from "../offers/message-schema.js";
import { signedBundle } from "../offers/offer-parts.js";
import { FakeSeat } from "./fake-seat.js";

const patience = { timeout: 20_000 };

/** A channel whose updater refuses every offer, since it has no folder of releases. */
async function openChannel() {
  const seat = new FakeSeat();
  const host = { version: "0.1.0", models: null } as unknown as UpdaterHost;
  const updater = await Updater.open({ releases: null, host, trust: () => [], onNotice: () => {} });
  const channel = new UpdateChannel(seat, updater);
  onTestFinished(() => channel.close());
  return { seat, updater, channel };
}

test("an offer is answered, also again after a broken connection", async () => {
  const { seat, channel } = await openChannel();
  const { offer } = signedBundle();
  seat.broker.connect();
  await seat.broker.send(seat.topics.offer, JSON.stringify(offer));
  const answers = () => seat.broker.published.filter(({ topic }) => topic === seat.topics.update);
  await vi.waitFor(() => expect(answers()).toHaveLength(1), patience);
  expect(JSON.parse(answers()[0]?.text ?? "")).toMatchObject({ state: "refused", sequence: offer.sequence });
  expect(answers()[0]?.retain).toBe(true);
  seat.broker.disconnect();
  seat.broker.connect();
  await vi.waitFor(() => expect(answers()).toHaveLength(2), patience);
  await channel.close();
  expect(seat.broker.filters).toEqual([]);
});

test.each<[string, object, string]>([
  ["too large", { size: 10 ** 12 }, "size"],
  ["with the wrong number of pieces", { from: { pieces: 99 } }, "from.pieces"],
  ["with the address of a file", { from: { url: "file:///etc/passwd" } }, "http://"],
  ["with an unknown key", { mood: "good" }, '"mood"'],
  ["with another manifest than its hash", { manifest_sha256: "a".repeat(64) }, "hash"],
  ["of a later format", { format: 2 }, "format 2"],
  ["with a malformed hash", { manifest_sha256: "abc" }, "SHA-256"],
  ["that is too long", { manifest: "x".repeat(140 * 1024) }, "128 KB"],
])("an offer %s is refused with the reason", async (_, change, words) => {
  const { seat, updater } = await openChannel();
  const offer = { ...signedBundle().offer, ...change };
  seat.broker.connect();
  await seat.broker.send(seat.topics.offer, JSON.stringify(offer));
  await vi.waitFor(() => expect(seat.broker.retained.has(seat.topics.update)).toBe(true), patience);
  const answer = JSON.parse(seat.broker.retained.get(seat.topics.update) ?? "");
  expectSchema("update-message", answer);
  expect(answer).toMatchObject({ format: 1, sequence: offer.sequence, state: "refused" });
  expect(answer.reason).toContain(words);
  expect(answer.manifest_sha256).toBe(offer.manifest_sha256 === "abc" ? undefined : offer.manifest_sha256);
  expect(seat.notices).toHaveLength(1);
  expect(updater.last).toBeNull();
});

test("a hostile offer is a notice, once", async () => {
  const { seat, updater } = await openChannel();
  seat.broker.connect();
  for (let count = 0; count < 3; count += 1) await seat.broker.send(seat.topics.offer, "{}");
  expect(seat.notices).toHaveLength(1);
  expect(seat.notices[0]).toContain("The offer of a bundle cannot be used.");
  // Without a sequence, an answer would belong to no offer.
  expect(seat.broker.retained.has(seat.topics.update)).toBe(false);
  expect(updater.last).toBeNull();
  // An empty message withdraws an offer.
  await seat.broker.send(seat.topics.offer, "");
  expect(updater.last).toBeNull();
});
