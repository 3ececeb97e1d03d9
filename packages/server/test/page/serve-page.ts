import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { ServeSettings } from "@nanoagent/models";
import { type Agent, openAgent, type Tool } from "@nanoagent/runtime";
import { ScriptedEngine, type ScriptedReply } from "@nanoagent/runtime/testing";
import { type AgentServer, createServer, type LogEntry, type ServerOptions } from "@nanoagent/server";
import { onTestFinished, vi } from "vitest";

const device = { device_id: "d", platform: "linux-aarch64", memory_mb: 512, cpu_cores: 2 };

export interface ServedPage {
  readonly url: string;
  readonly engine: ScriptedEngine;
  readonly agent: Agent;
  readonly server: AgentServer;
  readonly log: LogEntry[];
  close(): Promise<void>;
}

export interface ServePageOptions {
  tools?: readonly Tool[];
  /** Folder of the session. */
  dir?: string | undefined;
  settings?: ServeSettings;
  options?: ServerOptions;
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), "na-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function agentOf(
  engine: ScriptedEngine,
  { tools = [], dir }: Pick<ServePageOptions, "tools" | "dir">,
  name = "kitchen",
): Promise<Agent> {
  const spec = { name, capabilities: tools.map((tool) => tool.name) };
  const session = dir === undefined ? {} : { session: { dir, fsync: "never" as const } };
  return openAgent({ spec, device, ...session }, { engine, tools });
}

/** Serves an agent with scripted replies and the page, until the end of the test. */
export async function servePage(
  replies: readonly ScriptedReply[] | ScriptedEngine,
  given: ServePageOptions = {},
): Promise<ServedPage> {
  vi.stubEnv("XDG_RUNTIME_DIR", temporaryFolder());
  const engine = replies instanceof ScriptedEngine ? replies : new ScriptedEngine(replies);
  const agent = await agentOf(engine, given);
  const log: LogEntry[] = [];
  const server = createServer(agent, {
    settings: given.settings ?? {},
    environment: {},
    log: (entry) => log.push(entry),
    ...given.options,
  });
  const { url } = await server.listen({ port: 0 });
  const close = async () => {
    await server.close();
    await server.agent.close();
  };
  onTestFinished(close);
  return { url, engine, agent, server, log, close };
}

/** A reply that never comes within a test. */
export const never: ScriptedReply = { deltas: ["never"], delayMilliseconds: 60_000 };
