import { type Agent, openAgent, type Tool } from "@nanoagent/runtime";
import { ScriptedEngine, type ScriptedReply } from "@nanoagent/runtime/testing";
import { onTestFinished } from "vitest";
import { type AgentServer, createServer } from "../../src/create-server.js";
import { recorded } from "./record-traffic.js";

/** A scripted engine that embeds texts, too. */
export class EmbeddingEngine extends ScriptedEngine {
  async embed(texts: readonly string[]): Promise<number[][]> {
    return texts.map((text) => [0.6, -0.8, text.length / 1024]);
  }
}

export interface OpenService {
  /** Base address for OpenAI's clients. */
  baseURL: string;
  url: string;
  engine: ScriptedEngine;
  agent: Agent;
  server: AgentServer;
}

const device = { device_id: "d", platform: "linux-aarch64", memory_mb: 4096, cpu_cores: 4 };

/** Opens an agent with scripted replies, and serves it at a free port until the end of the test. */
export async function openService(
  name: string,
  replies: readonly ScriptedReply[] | ScriptedEngine,
  { tools = [], contextTokens = null }: { tools?: readonly Tool[]; contextTokens?: number | null } = {},
): Promise<OpenService> {
  const engine = replies instanceof ScriptedEngine ? replies : new ScriptedEngine(replies, { contextTokens });
  const spec = { name: "kitchen", capabilities: tools.map((tool) => tool.name) };
  const agent = await openAgent({ spec, device, serve: { bare_model: true } }, { engine, tools });
  const server = createServer(agent, { version: "0.1.0", environment: {} });
  const { url: served } = await server.listen({ host: "127.0.0.1", port: 0 });
  const { url, close } = await recorded(served, name);
  onTestFinished(async () => {
    close();
    await server.close();
    await agent.close();
  });
  return { url, baseURL: `${url}/v1`, engine, agent, server };
}
