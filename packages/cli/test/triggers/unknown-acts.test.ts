import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test, vi } from "vitest";
import { EventLog } from "../../../server/src/triggers/events/event-log.js";
import type { OptionValues } from "../../src/command-line/command.js";
import { manageTriggers } from "../../src/triggers/manage-triggers.js";

const CONFIG = `spec: {name: greenhouse}
session: {dir: state}
tools: [{name: water, description: Waters., command: [node, -e, "0"]}]
triggers:
  - {name: dry-bed, when: {every: 1d}, do: {tool: water}}
`;

async function opened() {
  const folder = await mkdtemp(path.join(tmpdir(), "nanoagent-unknown-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  vi.stubEnv("XDG_RUNTIME_DIR", folder);
  onTestFinished(() => void vi.unstubAllEnvs());
  await writeFile(path.join(folder, "agent.yaml"), CONFIG);
  const log = async (values: OptionValues) => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const streams = { stdin: new PassThrough(), stdout, stderr, stop: new AbortController().signal };
    const printed = text(stdout);
    await manageTriggers({ action: "log", config: path.join(folder, "agent.yaml"), ...values }, streams, []);
    stdout.end();
    return printed;
  };
  return { events: path.join(folder, "state", "events"), log };
}

test("log --unknown lists acts that a kill cut off, also before the next start", async () => {
  const { events, log } = await opened();
  const written = await EventLog.open(events);
  const rule = { maxEvents: 10, whenFull: "refuse", repeats: null } as const;
  const add = async (tool: string | null) => {
    const accepted = await written.add({ trigger: "dry-bed", at: Date.now(), payload: null }, rule);
    const { id } = accepted as { id: string };
    const act = { key: `${id}.do`, kind: tool === null ? "message" : "tool", tool, arguments: {}, try: 1 } as const;
    await written.append({ type: "act", event: id, ...act, at: Date.now() });
    return id;
  };
  const cutOff = await add("water");
  // A message as a whole does nothing, and neither does a tool that reads.
  await add(null);
  await written.close();
  const lines = (await log({ unknown: true, json: true })).trim().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { event: { id: cutOff }, outcome: null, act: { tool: "water", outcome: null, is_uncertain: true } },
  ]);
  expect(await log({ unknown: true })).toMatch(/ dry-bed .* open .*The act may be under way, or was cut off\./);
});
