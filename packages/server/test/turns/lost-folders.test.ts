import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { openAgent } from "@nanoagent/runtime";
import { expect, onTestFinished, test } from "vitest";
import { PermissionDesk } from "../../src/permissions/permission-desk.js";
import { TurnAnswering } from "../../src/turns/turn-answering.js";
import { ChatClient, inShort } from "./chat-client.js";
import { LookupEngine } from "./lookup-engine.js";

const device = { device_id: "d", platform: "linux-aarch64", memory_mb: 512, cpu_cores: 2 };

async function open(onWriteError: "refuse" | "deliver") {
  const dir = await mkdtemp(path.join(os.tmpdir(), "nanoagent-test-"));
  const engine = new LookupEngine();
  const session = { dir, fsync: "never", on_write_error: onWriteError } as const;
  const agent = await openAgent({ spec: { name: "house" }, device, session }, { engine });
  const answering = new TurnAnswering(agent, new PermissionDesk());
  onTestFinished(async () => {
    await answering.close();
    await agent.close();
    await rm(dir, { recursive: true, force: true });
  });
  return { dir, engine, answering };
}

const modes = ["refuse", "deliver"] as const;

test.each(modes)(
  "a conversation whose folder was removed begins again with its client's history (%s)",
  async (mode) => {
    for (const conversationIds of [["c"], []]) {
      const { dir, engine, answering } = await open(mode);
      const client = new ChatClient(answering, { conversationIds });
      await client.say("hello 1");
      const [folder = ""] = await readdir(dir);
      await rm(path.join(dir, folder), { recursive: true });
      const sent = [...client.history];
      const last = (await client.say("hello 2")).at(-1);
      expect(last?.type).toBe("run-end");
      expect(last).not.toHaveProperty("not_saved");
      expect(inShort(engine.requests.at(-1)?.messages ?? [])).toEqual([...inShort(sent), "user: hello 2"]);
      expect(await readdir(path.join(dir, folder))).not.toEqual([]);
    }
  },
);

test("a conversation whose folder was replaced fails at most once", async () => {
  const { dir, answering } = await open("refuse");
  const client = new ChatClient(answering, { conversationIds: ["c"] });
  await client.say("hello 1");
  await rename(path.join(dir, "c"), path.join(dir, "moved"));
  await mkdir(path.join(dir, "c"));
  const kept = [...client.history];
  await client.say("hello 2");
  client.history = kept;
  const last = (await client.say("hello 2")).at(-1);
  expect(last?.type).toBe("run-end");
});
