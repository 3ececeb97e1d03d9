import type { MqttSettings } from "@nanoagent/models";
import { expect, onTestFinished, vi } from "vitest";
import type { BrokerMessage } from "../../src/mqtt/broker.js";
import type { BrokerNotice, ConnectionTimes } from "../../src/mqtt/mqtt-connection.js";
import { type BrokerConnection, type OpenBrokerOptions, openBroker } from "../../src/mqtt/open-broker.js";
import type { FakeBroker, FakeLink } from "./fake-broker.js";

/** Times that do not make tests wait. */
export const shortTimes: Partial<ConnectionTimes> = {
  firstPause: 20,
  longestPause: 200,
  handOverPause: 20,
  stable: 100,
};

export interface OpenedBroker {
  readonly broker: BrokerConnection;
  readonly notices: BrokerNotice[];
}

/** Opens a connection that the end of the test closes. */
export async function openForTest(
  settings: Partial<MqttSettings> & { url: string },
  options: Partial<OpenBrokerOptions> = {},
): Promise<OpenedBroker> {
  const notices: BrokerNotice[] = [];
  const broker = await openBroker(
    { client_id: "greenhouse", keepalive_seconds: 30, ...settings },
    { environment: {}, onNotice: (notice) => notices.push(notice), times: shortTimes, ...options },
  );
  onTestFinished(() => broker.close());
  return { broker, notices };
}

/** Text of a message. */
export function textOf({ payload }: BrokerMessage): string {
  return new TextDecoder().decode(payload);
}

/** Options of `vi.waitFor`, for slow machines. */
export const patience = { timeout: 20_000 };

/** A promise that a test settles. */
export function gate(): { promise: Promise<void>; open: () => void; fail: () => void } {
  let open = () => {};
  let fail = () => {};
  const promise = new Promise<void>((resolve, reject) => {
    open = resolve;
    fail = () => reject(new Error("not now"));
  });
  return { promise, open, fail };
}

/** Resolves with a connection that has subscribed: the first, or a later one. */
export async function connected(fake: FakeBroker, links = 1): Promise<FakeLink> {
  await vi.waitFor(() => expect(fake.links[links - 1]?.of("subscribe").length).toBeGreaterThan(0), patience);
  return fake.links[links - 1] as FakeLink;
}
