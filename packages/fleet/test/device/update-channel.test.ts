import { expect, onTestFinished, test, vi } from "vitest";
import { UpdateChannel } from "../../src/device/update-channel.js";
import { Updater } from "../../src/device/updater.js";
import type { UpdaterHost } from "../../src/device/updater-host.js";
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

test("a hostile offer is a notice, once", async () => {
  const { seat, updater } = await openChannel();
  seat.broker.connect();
  for (let count = 0; count < 3; count += 1) await seat.broker.send(seat.topics.offer, "{}");
  expect(seat.notices).toHaveLength(1);
  expect(seat.notices[0]).toContain("The offer of a bundle cannot be used.");
  expect(updater.last).toBeNull();
  // An empty message withdraws an offer.
  await seat.broker.send(seat.topics.offer, "");
  expect(updater.last).toBeNull();
});
