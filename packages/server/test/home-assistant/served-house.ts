import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Agent, openAgent } from "@nanoagent/runtime";
import { ScriptedEngine, type ScriptedReply } from "@nanoagent/runtime/testing";
import { expect } from "vitest";
import { type AgentServer, createServer } from "../../src/create-server.js";
import { recorded } from "../openai/record-traffic.js";

const device = { device_id: "d", platform: "linux-aarch64", memory_mb: 512, cpu_cores: 2 };

/** A service on this machine with an agent whose engine follows a script. */
export interface ServedHouse extends AsyncDisposable {
  readonly url: string;
  readonly engine: ScriptedEngine;
  readonly server: AgentServer;
  readonly agent: Agent;
}

export async function serveHouse(replies: readonly ScriptedReply[]): Promise<ServedHouse> {
  const engine = new ScriptedEngine(replies, { contextTokens: 4096 });
  const agent = await openAgent({ spec: { name: "house" }, device, instructions: "You are at home." }, { engine });
  const stateFolder = await mkdtemp(path.join(tmpdir(), "nanoagent-house-"));
  const server = createServer(agent, { version: "0.1.0", environment: {}, stateFolder });
  const listening = await server.listen({ host: "127.0.0.1", port: 0 });
  const { url, close } = await recorded(listening.url, expect.getState().currentTestName ?? "house");
  return {
    url,
    engine,
    server,
    agent,
    async [Symbol.asyncDispose]() {
      close();
      await server.close();
      await agent.close();
      await rm(stateFolder, { recursive: true });
    },
  };
}
