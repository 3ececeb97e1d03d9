import type { MqttSettings } from "@nanoagent/models";
import { onTestFinished } from "vitest";
import type { BrokerMessage } from "../../src/mqtt/broker.js";
import type { BrokerNotice, ConnectionTimes } from "../../src/mqtt/mqtt-connection.js";
import { type BrokerConnection, type OpenBrokerOptions, openBroker } from "../../src/mqtt/open-broker.js";

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
