import { type Agent, defineTool, openAgent, type Tool } from "@nanoagent/runtime";
import { ScriptedEngine, type ScriptedReply } from "@nanoagent/runtime/testing";
import { type AgentServer, createServer } from "../../../src/create-server.js";
import type { DeviceConditions } from "../../../src/device/device-conditions.js";

const device = { device_id: "d", platform: "linux-aarch64", memory_mb: 4096, cpu_cores: 4 } as const;

export interface ServedPage extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly engine: ScriptedEngine;
  readonly server: AgentServer;
  readonly agent: Agent;
  /** Inputs of the calls of the lamp. */
  readonly lampCalls: unknown[];
}

export interface ServedPageOptions {
  readonly tools?: readonly Tool[];
  /** Command that the tool `valve` runs, which asks for permission. Default: the tool is missing. */
  readonly valve?: readonly string[];
  /** A key that clients need. */
  readonly key?: string;
  /** Port to listen on. Default: any free one. */
  readonly port?: number;
  /** Folder of the sessions. Default: none. */
  readonly sessions?: string;
  readonly conditions?: DeviceConditions;
}

const VALVE = "Opens the valve of a tank. This takes a while, because the motor turns slowly. Then the water flows.";

/** Call of the lamp, for a script. */
export const lampCall = { id: "call00001", name: "lamp", arguments: { room: "kitchen", on: true } };

/** Serves an agent with a page. Its tool `lamp` asks for permission. */
export async function servePage(
  replies: readonly ScriptedReply[],
  { tools = [], valve, key, port = 0, sessions, conditions }: ServedPageOptions = {},
): Promise<ServedPage> {
  const lampCalls: unknown[] = [];
  const lamp = defineTool({
    name: "lamp",
    description: "Switches the lamp of a room.",
    input: {
      type: "object",
      properties: { room: { type: "string" }, on: { type: "boolean" } },
      required: ["room", "on"],
    },
    run: (input) => {
      lampCalls.push(input);
      return "The lamp is on.";
    },
  });
  const engine = new ScriptedEngine(replies, { contextTokens: 4096 });
  const all = [lamp, ...tools];
  const commands =
    valve === undefined ? [] : [{ name: "valve", description: VALVE, command: [...valve], permission: "ask" as const }];
  const spec = { name: "house", capabilities: [...all, ...commands].map(({ name }) => name) };
  const session = sessions === undefined ? {} : { session: { dir: sessions } };
  const serve = key === undefined ? {} : { api_keys_env: "PAGE_KEY" };
  const agent = await openAgent({ spec, device, serve, tools: commands, ...session }, { engine, tools: all });
  const environment = key === undefined ? {} : { PAGE_KEY: key };
  const readDevice = conditions === undefined ? undefined : async () => conditions;
  const server = createServer(agent, { version: "0.1.0", environment, readDevice });
  const listening = await server.listen({ host: "127.0.0.1", port });
  return {
    ...listening,
    engine,
    server,
    agent,
    lampCalls,
    async [Symbol.asyncDispose]() {
      await server.close();
      await agent.close();
    },
  };
}
