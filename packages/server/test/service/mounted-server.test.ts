import { openAgent } from "@nanoagent/runtime";
import { createServer, type ServerOptions } from "@nanoagent/server";
import { expect, onTestFinished, test } from "vitest";

const device = { device_id: "d", platform: "linux-aarch64", memory_mb: 512, cpu_cores: 2 };

async function mounted(options: ServerOptions) {
  const agent = await openAgent({ spec: { name: "greenhouse" }, device });
  const server = createServer(agent, { environment: {}, ...options });
  onTestFinished(async () => {
    await server.close();
    await agent.close();
  });
  return (url: string, headers: Record<string, string> = {}) =>
    server.fetch(new Request(`${url}/v1/models`, { headers }));
}

test("on loopback, a mounted service needs no key", async () => {
  for (const settings of [{}, { host: "127.0.0.1" }, { host: "localhost" }]) {
    const get = await mounted({ settings });
    expect((await get("http://localhost")).status).toBe(200);
    expect((await get("http://192.168.1.20")).status).toBe(403);
  }
});

test.each(["0.0.0.0", "192.168.1.20", "agent.local"])("on %s, it answers nobody without keys", async (host) => {
  const get = await mounted({ settings: { host } });
  for (const url of ["http://localhost", `http://${host}`]) {
    await expect(get(url)).rejects.toMatchObject({
      code: "keys-unreadable",
      message: expect.stringContaining(host),
      hint: expect.stringContaining("serve.api_keys_env"),
    });
  }
});

test("beyond loopback, it takes the keys of api_keys_env and the host of the settings", async () => {
  const settings = { host: "agent.local", api_keys_env: "AGENT_KEYS" };
  const get = await mounted({ settings, environment: { AGENT_KEYS: "na-secret" } });
  expect((await get("http://agent.local")).status).toBe(401);
  expect((await get("http://localhost")).status).toBe(401);
  expect((await get("http://agent.local", { authorization: "Bearer na-secret" })).status).toBe(200);
  expect((await get("http://evil.example", { authorization: "Bearer na-secret" })).status).toBe(403);
});
