import { writeFileSync } from "node:fs";
import path from "node:path";
import { PassThrough } from "node:stream";
import type { AgentServer } from "@nanoagent/server";
import { expect, test } from "vitest";
import { Reloader } from "../../src/serve/reloader.js";
import { ServeLog } from "../../src/serve/serve-log.js";
import { makeFolder } from "./served-program.js";

test("a reload that the end of the service overtakes is given up in the log", async () => {
  const file = path.join(makeFolder(), "agent.yaml");
  writeFileSync(file, "spec: {name: shed}\n");
  const stderr = new PassThrough();
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr, stop: new AbortController().signal };
  const agent = { notices: ["of the old agent"], memory: () => Promise.reject(new Error("closed")) };
  const server = { agent, replaceAgent: () => Promise.resolve(false) } as unknown as AgentServer;
  const reloader = new Reloader({
    server,
    log: new ServeLog(stderr, "info"),
    values: { config: file },
    streams,
    open: () => Promise.reject(new Error("not opened")),
    config: { spec: { name: "shed" } } as never,
  });
  reloader.request();
  await reloader.ended;
  const lines = String(stderr.read()).trim().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { event: "reload-start" },
    { event: "reload-given-up" },
  ]);
});
