import { NanoAgentConfig, type NanoAgentConfigInput } from "@nanoagent/models";
import type { Agent } from "@nanoagent/runtime";
import type { BrokerSeat, HealthReason, ServiceStatus } from "@nanoagent/server";
import { agentTopics } from "@nanoagent/server/mqtt";
import { MemoryBroker } from "../../../server/test/mqtt/memory-broker.js";

export const plainConfig = {
  spec: { name: "kiosk" },
  device: { device_id: "pi", platform: "linux-aarch64", memory_mb: 512, cpu_cores: 4 },
} satisfies NanoAgentConfigInput;

/** An agent that can be looked at, but cannot talk. */
export function lookOnlyAgent(
  config: Partial<NanoAgentConfigInput> = {},
  engine: Partial<Agent["engine"]> = {},
): Agent {
  const facts = { name: "rules", contextTokens: null, ...engine };
  return {
    config: NanoAgentConfig.parse({ ...plainConfig, ...config }),
    engine: facts,
    tools: [],
    memory: async () => ({ engine: null }),
  } as unknown as Agent;
}

/** A seat of a service whose agent and health the test changes. */
export class FakeSeat implements BrokerSeat {
  readonly broker = new MemoryBroker();
  readonly topics = agentTopics("kiosk-1");
  readonly notices: string[] = [];
  readonly onNotice = ({ message }: { message: string }) => void this.notices.push(message);
  served = lookOnlyAgent();
  reasons: HealthReason[] = [];
  /** How often somebody asked for the status. */
  looks = 0;
  readonly listeners = new Set<() => void>();
  readonly agent: BrokerSeat["agent"];

  constructor() {
    const seat = this;
    this.agent = {
      get agent() {
        return seat.served;
      },
      version: "0.1.0",
      status: async () => {
        seat.looks += 1;
        const { reasons } = seat;
        const status = reasons.length === 0 ? "ok" : "degraded";
        return { health: { status, live: true, ready: true, reasons } } as unknown as ServiceStatus;
      },
      onChange: (listener) => {
        seat.listeners.add(listener);
        return () => seat.listeners.delete(listener);
      },
    };
  }

  changed(): void {
    for (const listener of this.listeners) listener();
  }
}
