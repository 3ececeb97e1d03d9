import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TriggerSettings } from "@nanoagent/models";
import { openAgent } from "@nanoagent/runtime";
import { createServer } from "@nanoagent/server";
import { expect, onTestFinished, test, vi } from "vitest";
import { explainWait } from "../../src/triggers/explain-wait.js";

const device = { device_id: "d", platform: "linux-aarch64", memory_mb: 512, cpu_cores: 2 };
const patience = { timeout: 20_000 };

/** A service whose broker is away. */
async function serve(trigger: TriggerSettings): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "nanoagent-wait-"));
  vi.stubEnv("XDG_RUNTIME_DIR", folder);
  const agent = await openAgent({
    spec: { name: "shed" },
    device,
    session: { dir: path.join(folder, "state") },
    intents: { definitions: [{ name: "hi", sentences: ["hi"], answer: "Hello." }] },
    mqtt: { url: "mqtt://127.0.0.1:1", client_id: "shed" },
    triggers: [trigger],
  });
  const server = createServer(agent, { version: "1.0.0" });
  await server.listen({ port: 0 });
  onTestFinished(async () => {
    await server.close();
    await agent.close();
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });
  await vi.waitFor(async () => expect((await server.status()).mqtt?.problem).toBeTruthy(), patience);
  return path.join(folder, "state", "events");
}

const answered: TriggerSettings = {
  name: "hello",
  when: { every: "1d" },
  do: { sentence: "hi" },
  then: { mqtt: { topic: "garden/log" } },
};

test("a wait for a broker that is away is explained once", async () => {
  const folder = await serve(answered);
  const said: string[] = [];
  const stop = explainWait({ folder, trigger: answered, say: (message) => said.push(message), milliseconds: 10 });
  await vi.waitFor(() => expect(said).toEqual([expect.stringContaining("mqtt://127.0.0.1:1")]), patience);
  stop();
});

test("a wait that is over, or without a problem, is not explained", async () => {
  const { then: _, ...silent } = answered;
  const folder = await serve(silent);
  const say = vi.fn();
  explainWait({ folder, trigger: silent, say, milliseconds: 0 });
  explainWait({ folder, trigger: answered, say, milliseconds: 0 })();
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(say).not.toHaveBeenCalled();
});
