import { request } from "node:http";
import { openAgent } from "@nanoagent/runtime";
import { createServer } from "@nanoagent/server";
import { expect, onTestFinished, test, vi } from "vitest";
import { bodyLimits } from "../../src/service/body-limits.js";

const MB = 2 ** 20;
const device = { device_id: "d", platform: "linux-aarch64", memory_mb: 512, cpu_cores: 2 };

async function agentWith(usedMb: number, limitMb: number) {
  const agent = await openAgent({ spec: { name: "small" }, device });
  onTestFinished(() => agent.close());
  const report = await agent.memory();
  vi.spyOn(agent, "memory").mockResolvedValue({ ...report, used_bytes: usedMb * MB, limit_bytes: limitMb * MB });
  return agent;
}

test.each([
  ["of a small budget: one whole body", 60, 64, 4],
  ["of a larger one: a quarter of what is left", 24, 64, 10],
  ["of a large one: no more than the default", 100, 1024, 32],
])("the bodies that are read at once %s", async (_, used, limit, expected) => {
  expect(await bodyLimits(await agentWith(used, limit))).toEqual({ allBodiesBytes: expected * MB });
});

test("a service without memory for another body refuses it", async () => {
  const server = createServer(await agentWith(60, 64), { settings: {} });
  onTestFinished(() => server.close());
  const { url } = await server.listen({ port: 0 });
  const headers = { "content-type": "application/json" };
  const held = request(`${url}/v1/chat/completions`, { method: "POST", headers });
  held.on("error", () => {});
  onTestFinished(() => {
    held.destroy();
  });
  held.write(" ".repeat(3 * MB));
  await vi.waitFor(
    async () => {
      const body = " ".repeat(2 * MB);
      const { status } = await fetch(`${url}/v1/chat/completions`, { method: "POST", headers, body });
      expect(status).toBe(503);
    },
    { timeout: 10_000 },
  );
});
