import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { NanoAgentConfigInput, ServeSettings } from "@nanoagent/models";
import { type Agent, openAgent } from "@nanoagent/runtime";
import { ScriptedEngine } from "@nanoagent/runtime/testing";
import { type AgentServer, createServer, type LogEntry } from "@nanoagent/server";
import { onTestFinished } from "vitest";
import { WyomingClient } from "./wyoming-client.js";

const device = { device_id: "d", platform: "linux-aarch64", memory_mb: 512, cpu_cores: 2 };

export const houseConfig: NanoAgentConfigInput = {
  spec: { name: "house" },
  device,
  intents: {
    definitions: [
      {
        name: "lamp",
        sentences: { en: ["turn on the lamp"], de: ["mach das Licht an"] },
        answer: "The lamp is **on**.",
      },
    ],
  },
};

/** For a busy machine. */
export const PATIENCE = { timeout: 20_000 };
/** A reply whose first piece comes after a minute, so that it never ends within a test. */
export const slow = { deltas: ["never"], delayMilliseconds: 60_000 };

/** Config of an agent without intents. */
export const plainConfig: NanoAgentConfigInput = { spec: { name: "house" }, device };

/** An agent without intents whose model gives these replies. */
export function scripted(...replies: NonNullable<ConstructorParameters<typeof ScriptedEngine>[0]>) {
  const engine = new ScriptedEngine(replies);
  return { engine, agent: openAgent(plainConfig, { engine }) };
}

/** A served agent with its address for voice assistants. */
export interface ServedHouse {
  readonly server: AgentServer;
  readonly url: string;
  readonly log: LogEntry[];
  /** Opens a connection, which is closed with the service. */
  connect(): Promise<WyomingClient>;
  close(): Promise<void>;
}

export async function serveWyoming(
  agent: Agent | Promise<Agent> = openAgent(houseConfig),
  settings: ServeSettings = {},
  host = "127.0.0.1",
): Promise<ServedHouse> {
  process.env.XDG_RUNTIME_DIR ??= mkdtempSync(path.join(tmpdir(), "na-"));
  const log: LogEntry[] = [];
  const server = createServer(await agent, {
    version: "1.2.3",
    settings: { port: 0, wyoming: { port: 0 }, ...settings },
    log: (entry) => log.push(entry),
  });
  const { wyoming } = await server.listen({ host, port: 0 }).catch(async (error: unknown) => {
    await server.close();
    await server.agent.close();
    throw error;
  });
  if (wyoming === null) throw new Error("no Wyoming service");
  const clients: WyomingClient[] = [];
  return {
    server,
    url: wyoming.url,
    log,
    async connect() {
      const client = await WyomingClient.open(wyoming.url);
      clients.push(client);
      return client;
    },
    async close() {
      for (const client of clients) client.close();
      await server.close();
      await server.agent.close();
    },
  };
}

/** Serves an agent until the test is finished. */
export async function serveInTest(...parameters: Parameters<typeof serveWyoming>): Promise<ServedHouse> {
  const house = await serveWyoming(...parameters);
  onTestFinished(() => house.close());
  return house;
}
