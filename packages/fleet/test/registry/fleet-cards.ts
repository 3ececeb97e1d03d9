import type { AgentCard } from "../../src/card/agent-card.js";
import { plan } from "../card/card-parts.js";

/** Returns the card of an agent. */
export function cardOf(id: string, changes: Partial<AgentCard> = {}): AgentCard {
  return {
    format: 1,
    id,
    at: "2026-11-30T08:00:00.000Z",
    site: "berlin",
    labels: { floor: "2" },
    versions: { nanoagent: "0.1.0", node: "20.20.2" },
    agent: {
      name: "kiosk",
      version: "1.2.0",
      capabilities: ["door"],
      max_memory_mb: 300,
      max_model_size_mb: 200,
      languages: ["en", "de"],
    },
    tools: [
      { name: "door", changes_world: true },
      { name: "weather", changes_world: false },
    ],
    device: {
      device_id: "linux-aarch64-4core",
      platform: "linux-aarch64",
      memory_mb: 512,
      cpu_cores: 4,
      has_gpu: false,
    },
    measurement: null,
    model: { engine: "llama", name: "tiny-q4.gguf", context_tokens: 512, plan },
    config_sha256: "a".repeat(64),
    bundle: { name: "garden", version: "1.0.0", sequence: 3 },
    takes_updates: true,
    health: { status: "ok", reasons: [] },
    ...changes,
  };
}

/** Returns the card as a message. */
export function cardText(id: string, changes: Partial<AgentCard> = {}): string {
  return JSON.stringify(cardOf(id, changes));
}

/** Publishes retained messages, most at once as the connection allows. */
export async function publishAll(
  broker: { publish(topic: string, payload: string | Uint8Array, options: { retain: boolean }): Promise<void> },
  messages: Iterable<readonly [topic: string, payload: string | Uint8Array]>,
): Promise<void> {
  const all = [...messages];
  const next = async (): Promise<void> => {
    for (let message = all.shift(); message !== undefined; message = all.shift()) {
      await broker.publish(message[0], message[1], { retain: true });
    }
  };
  await Promise.all(Array.from({ length: 16 }, next));
}
