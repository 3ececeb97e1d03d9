import { PRESSURE_ACTIONS } from "@nanoagent/models";
import type { Agent, Engine } from "@nanoagent/runtime";
import { openAgent } from "@nanoagent/runtime";
import { createServer, type LogEntry } from "@nanoagent/server";
import { expect, onTestFinished, test } from "vitest";
import { series } from "../../src/metrics/series.js";
import { MemoryWatch } from "../../src/service/memory-watch.js";

const device = { device_id: "d", platform: "linux-aarch64", memory_mb: 512, cpu_cores: 2 };
const MB = 2 ** 20;

/** An engine that gives up memory, and then has a longer context. */
const engine: Engine = {
  name: "shrinking",
  contextTokens: null,
  async *generate() {
    yield {
      type: "memory-pressure",
      used_bytes: 301,
      limit_bytes: 300,
      reason: "own-limit",
      action: "smaller-context",
    };
    yield { type: "context-growth", context_tokens: 512, previous_tokens: 256 };
    yield { type: "text-delta", text: "Yes." };
    yield { type: "end", reason: "stop" };
  },
  countTokens: () => 1,
  close: async () => {},
};

test.each(["small", "shrinking"])("each step against memory pressure is a line of the log (%s)", async (model) => {
  const log: LogEntry[] = [];
  const agent = await openAgent({ spec: { name: "small" }, device }, { engine });
  onTestFinished(() => agent.close());
  const server = createServer(agent, { settings: { bare_model: true }, log: (entry) => log.push(entry) });
  onTestFinished(() => server.close());
  const reply = await server.fetch(
    new Request("http://127.0.0.1/v1/chat/completions", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model, messages: [{ role: "user", content: "hello" }] }),
    }),
  );
  expect(await reply.json()).toMatchObject({ choices: [{ message: { content: "Yes." } }] });
  expect(log.slice(0, 2)).toEqual([
    {
      level: "warn",
      event: "memory-pressure",
      action: "smaller-context",
      reason: "own-limit",
      used_bytes: 301,
      limit_bytes: 300,
    },
    { level: "info", event: "context-growth", context_tokens: 512, previous_tokens: 256 },
  ]);
});

test.each([
  ["below its limit", 64, null, null],
  ["above its limit", 101, null, "The agent uses 101 MB of memory; its limit is 64 MB."],
  ["that gave up memory", 60, "smaller-context", "Memory is short. Measure in force: smaller-context."],
])("the health of an agent %s", async (_, used, pressure, message) => {
  const memory = async () => ({ used_bytes: used * MB, limit_bytes: 64 * MB, engine: pressure && { pressure } });
  const reason = await new MemoryWatch({ memory } as unknown as Agent, () => 0).findReason();
  expect(reason).toEqual(message && { code: "memory-pressure", message });
});

test("every action against memory pressure has its number, which the metrics explain", async () => {
  const help = series.find(({ name }) => name === "nanoagent_budget_step")?.help;
  for (const [index, pressure] of PRESSURE_ACTIONS.entries()) {
    const memory = async () => ({
      used_bytes: 1,
      limit_bytes: 1,
      program_bytes: 1,
      tools_bytes: 0,
      engine: { pressure },
    });
    const facts = await new MemoryWatch({ memory } as unknown as Agent, () => 0).read();
    expect(facts).toMatchObject({ pressure, pressure_step: index + 1 });
    expect(help).toContain(`, ${index + 1} ${pressure}`);
  }
});
