import type { DeviceConditions } from "../device/device-conditions.js";
import type { Health } from "../health/health.js";
import type { MemoryFacts } from "../service/memory-watch.js";
import type { TurnCounts } from "../service/turn-counts.js";
import type { BrokerStatus, TriggersStatus } from "./automation-status.js";
import type { ReleaseStatus } from "./release-status.js";

/** State of a running service, as `nanoagent status` shows it. */
export interface ServiceStatus {
  /** Name of the agent. */
  name: string;
  version: string;
  pid: number;
  /** Address that it listens on, or null before that. */
  url: string | null;
  /** Address for voice assistants. Null without `serve.wyoming`, and before that. */
  wyoming: { url: string; port: number } | null;
  /** ISO 8601. */
  started_at: string;
  uptime_seconds: number;
  health: Health;
  models: { id: string; target: "agent" | "model"; engine: string; context_tokens: number | null }[];
  turns: TurnCounts & { running: number; waiting: number };
  conversations: { open: number; max: number };
  /** Questions for permission that wait for an answer. */
  questions: number;
  /** Null for an agent without triggers. */
  triggers: TriggersStatus | null;
  /** Null without a broker. */
  mqtt: BrokerStatus | null;
  /** Null for an agent that does not run from a bundle. */
  release: ReleaseStatus | null;
  /** Null if the system reports no memory. */
  memory: MemoryFacts | null;
  /** Null where nothing reads the device. */
  device: DeviceConditions | null;
}
