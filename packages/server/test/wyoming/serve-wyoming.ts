import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { NanoAgentConfigInput, ServeSettings } from "@nanoagent/models";
import { type Agent, openAgent } from "@nanoagent/runtime";
import { type AgentServer, createServer, type LogEntry } from "@nanoagent/server";
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
