import { NanoRuntime } from "@nanoagent/runtime";
import { expect, onTestFinished, test, vi } from "vitest";
import { openFromSettings } from "../../../src/engines/openai-compatible/open-from-settings.js";
import { sampleConfig } from "../../sample-config.js";
import { startServer } from "./fake-server.js";
import { fakeLlamaServer, fakeOllama } from "./fake-servers.js";

const type = "openai-compatible" as const;

test("an agent replies through the server in its config", async () => {
  const server = await startServer(fakeLlamaServer({ apiKey: "sk-from-the-environment" }));
  vi.stubEnv("NANOAGENT_TEST_KEY", "sk-from-the-environment");
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  await using runtime = new NanoRuntime();
  await runtime.load(
    sampleConfig({
      instructions: "Be kind.",
      engine: { type, url: server.url, api_key_env: "NANOAGENT_TEST_KEY", context: 1000 },
    }),
  );
  expect((await runtime.process("hello")).content).toBe("Hello from the server.");
  const sent = server.requests.find(({ url }) => url === "/v1/chat/completions")?.body.messages;
  expect(sent).toEqual([
    { role: "system", content: "Be kind." },
    { role: "user", content: "hello" },
  ]);
  await runtime.unload();
  await expect.poll(() => server.connections.open).toBe(0);
});

test("the agent reports the server's notices", async () => {
  const { url } = await startServer(fakeLlamaServer({ contextTokens: 8192 }));
  await using runtime = new NanoRuntime();
  await runtime.load(sampleConfig({ engine: { type, url, context: 20_000 } }));
  expect(runtime.notices).toContainEqual(expect.stringMatching(/is 20000.*is 8192 tokens/));
});

test("a context size is requested; auto leaves it to the server", async () => {
  const { url } = await startServer(fakeOllama({ loadedContext: 10_000 }));
  for (const [context, contextTokens] of [
    [3000, 3000],
    ["auto", 10_000],
    [undefined, 10_000],
  ] as const) {
    const engine = await openFromSettings({ type, url, context, model: "qwen3:0.6b" });
    expect(engine.contextTokens).toBe(contextTokens);
    await engine.close();
  }
});

test("a message larger than the server's context is rejected before it is sent", async () => {
  const server = await startServer(fakeLlamaServer({ contextTokens: 64 }));
  await using runtime = new NanoRuntime();
  await runtime.load(sampleConfig({ engine: { type, url: server.url } }));
  await expect(runtime.process("word ".repeat(100))).rejects.toMatchObject({ code: "context-exceeded" });
  expect(server.requests.some(({ url }) => url === "/v1/chat/completions")).toBe(false);
});

test.each([
  [{}, "remote-settings-invalid", /engine.url/],
  [{ url: "http://93.184.216.34" }, "network-not-allowed", /not on this machine/],
  [
    { url: "http://127.0.0.1:1", api_key_env: "NANOAGENT_NO_SUCH_KEY" },
    "remote-settings-invalid",
    /NANOAGENT_NO_SUCH_KEY, which is not set/,
  ],
])("insufficient settings: %j", async (settings, code, message) => {
  const loading = new NanoRuntime().load(sampleConfig({ engine: { type, ...settings } }));
  await expect(loading).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
    hint: expect.any(String),
  });
});

test("a blank environment variable does not count as a key", async () => {
  const opening = openFromSettings({ type, url: "http://127.0.0.1:1", api_key_env: "KEY" }, { KEY: " \n" });
  await expect(opening).rejects.toMatchObject({ code: "remote-settings-invalid" });
});
