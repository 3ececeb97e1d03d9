import type { NanoAgentConfigInput } from "@nanoagent/models";
import { type Agent, openAgent, type Tool } from "@nanoagent/runtime";
import { ScriptedEngine, type ScriptedReply } from "@nanoagent/runtime/testing";
import { onTestFinished } from "vitest";
import { type AgentServer, createServer, type ServerOptions } from "../../src/index.js";
import { type ParsedFamily, parsePrometheusText } from "./parse-prometheus-text.js";

const device = { device_id: "d", platform: "linux-aarch64", memory_mb: 512, cpu_cores: 2 };

export const configOf = (changes: Partial<NanoAgentConfigInput> = {}): NanoAgentConfigInput => ({
  spec: { name: "greenhouse" },
  device,
  serve: {},
  ...changes,
});

/** A served agent whose metrics can be read. */
export class MeasuredServer {
  readonly server: AgentServer;

  constructor(agent: Agent, options: ServerOptions = {}) {
    this.server = createServer(agent, { version: "1.2.3", environment: {}, ...options });
    onTestFinished(async () => {
      await this.server.close();
      await this.server.agent.close();
    });
  }

  static async open(
    replies: readonly ScriptedReply[],
    { tools = [], ...options }: ServerOptions & { tools?: readonly Tool[] } = {},
  ): Promise<MeasuredServer> {
    const spec = { name: "greenhouse", capabilities: tools.map(({ name }) => name) };
    const agent = await openAgent(configOf({ spec }), { engine: new ScriptedEngine(replies), tools });
    return new MeasuredServer(agent, options);
  }

  ask(content: string, options: { signal?: AbortSignal; stream?: boolean } = {}): Promise<Response> {
    const { signal, stream = false } = options;
    const body = JSON.stringify({ model: "greenhouse", stream, messages: [{ role: "user", content }] });
    const headers = { "content-type": "application/json" };
    const request = { method: "POST", headers, body, ...(signal && { signal }) };
    return this.server.fetch(new Request("http://127.0.0.1/v1/chat/completions", request));
  }

  async say(content: string): Promise<string> {
    return (await this.ask(content)).text();
  }

  async text(): Promise<string> {
    const response = await this.server.fetch(new Request("http://127.0.0.1/metrics"));
    return response.text();
  }

  async read(): Promise<Metrics> {
    return new Metrics(parsePrometheusText(await this.text()));
  }
}

/** Metrics that were read. */
export class Metrics {
  readonly families: Map<string, ParsedFamily>;

  constructor(families: Map<string, ParsedFamily>) {
    this.families = families;
  }

  /** Returns the value of a sample without labels, or undefined. */
  value(name: string): number | undefined {
    const family = this.families.get(name.replace(/_(count|sum)$/, "")) ?? this.families.get(name);
    return family?.samples.find((sample) => sample.name === name && Object.keys(sample.labels).length === 0)?.value;
  }

  /** Returns the values of a name by the value of a label. */
  by(name: string, label: string): Record<string, number> {
    const samples = this.families.get(name)?.samples ?? [];
    return Object.fromEntries(samples.map(({ labels, value }) => [labels[label] ?? "", value]));
  }
}
