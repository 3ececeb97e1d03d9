import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { PassThrough } from "node:stream";
import type { AgentServer } from "@nanoagent/server";
import { expect, test, vi } from "vitest";
import type { SystemdNotifier } from "../../src/serve/notify-systemd.js";
import { Reloader } from "../../src/serve/reloader.js";
import { ServeLog } from "../../src/serve/serve-log.js";
import { makeFolder } from "./served-program.js";

/** A reloader of a service whose new agents cannot be opened, and its log. */
function makeReloader(file: string, server: AgentServer, systemd?: SystemdNotifier) {
  const stderr = new PassThrough();
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr, stop: new AbortController().signal };
  const reloader = new Reloader({
    server,
    log: new ServeLog(stderr, "info"),
    values: { config: file },
    streams,
    open: () => Promise.reject(new Error("not opened")),
    config: { spec: { name: "shed" } } as never,
    ...(systemd !== undefined && { systemd }),
  });
  return { reloader, stderr };
}

test("a reload that the end of the service overtakes is given up in the log", async () => {
  const file = path.join(makeFolder(), "agent.yaml");
  writeFileSync(file, "spec: {name: shed}\n");
  const agent = { notices: ["of the old agent"], memory: () => Promise.reject(new Error("closed")) };
  const server = { agent, replaceAgent: () => Promise.resolve(false) } as unknown as AgentServer;
  const { reloader, stderr } = makeReloader(file, server);
  reloader.request();
  await reloader.ended;
  const lines = String(stderr.read()).trim().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { event: "reload-start" },
    { event: "reload-given-up" },
  ]);
});

test("systemd learns whether the changed config was refused", async () => {
  const file = path.join(makeFolder(), "agent.yaml");
  const url = "http://127.0.0.1:7420";
  let canOpen = true;
  const agent = { notices: [], memory: () => Promise.reject(new Error("closed")) };
  const server = {
    agent,
    replaceAgent: () => (canOpen ? Promise.resolve(true) : Promise.reject(new Error("neither opens"))),
    status: () => Promise.resolve({ url }),
  } as unknown as AgentServer;
  const told: unknown[][] = [];
  const systemd = {
    reloading: () => Promise.resolve(),
    ready: (...parts: unknown[]) => Promise.resolve(void told.push(parts)),
  } as unknown as SystemdNotifier;
  const { reloader } = makeReloader(file, server, systemd);
  const reload = async () => {
    reloader.request();
    await reloader.ended;
    return told.at(-1);
  };
  writeFileSync(file, "spec: [\n");
  expect(await reload()).toEqual([url, "the changed config was refused"]);
  writeFileSync(file, "spec: {name: shed}\n");
  expect(await reload()).toEqual([url, null]);
  rmSync(file);
  expect(await reload()).toEqual([url, "the changed config was refused"]);
  writeFileSync(file, "spec: {name: shed}\n");
  canOpen = false;
  expect(await reload()).toEqual([url, expect.stringContaining("no agent")]);
});

test("an agent that does not open in time is replaced by the old one, and closed when it opens later", async () => {
  const [old, next] = [{ spec: { name: "old" } }, { spec: { name: "next" } }] as never[];
  const isClosed: string[] = [];
  const agentOf = (name: string) => ({ name, close: () => Promise.resolve(void isClosed.push(name)) });
  let openLate: (agent: unknown) => void = () => {};
  const opened: unknown[] = [];
  const server = {
    agent: { notices: [] },
    replaceAgent: async (open: () => Promise<unknown>, reopen: () => Promise<unknown>) => {
      let failure: unknown;
      opened.push(
        await open().catch((error) => {
          failure = error;
          return reopen();
        }),
      );
      if (failure !== undefined) throw failure;
      return true;
    },
  } as unknown as AgentServer;
  const stderr = new PassThrough();
  const reloader = new Reloader({
    server,
    log: new ServeLog(stderr, "info"),
    values: {},
    streams: { stdin: new PassThrough(), stdout: new PassThrough(), stderr, stop: new AbortController().signal },
    open: (config) =>
      config === old
        ? Promise.resolve(agentOf("old") as never)
        : new Promise((resolve) => {
            openLate = resolve as typeof openLate;
          }),
    config: old as never,
    openMilliseconds: 20,
  });
  const updating = reloader.update(async (agent) => {
    await agent.replace(
      async () => next as never,
      async () => old as never,
    );
  });
  await expect(updating).rejects.toMatchObject({
    code: "time-limit",
    message: "The agent was not open within 0.02 s.",
  });
  expect(opened).toMatchObject([{ name: "old" }]);
  openLate(agentOf("next"));
  await vi.waitFor(() => expect(isClosed).toEqual(["next"]), { timeout: 20_000 });
});
