import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { TriggerSettings } from "@nanoagent/models";
import { type Agent, defineTool, openAgent, type Tool, type ToolRunOptions } from "@nanoagent/runtime";
import { ScriptedEngine, type ScriptedReply } from "@nanoagent/runtime/testing";
import { onTestFinished } from "vitest";
import { openTriggers, type TriggersOptions } from "../../../src/triggers/open-triggers.js";
import type { TriggerNotice } from "../../../src/triggers/trigger-parts.js";

/** A call that a tool of {@link waterTool} got. */
export interface Watering {
  readonly bed: unknown;
  readonly minutes: unknown;
  readonly key: string;
  readonly trigger: string | undefined;
}

/** A tool that counts its calls. `act` may fail or wait. */
export function waterTool(
  calls: Watering[],
  options: Partial<Tool> & { act?: (input: Watering, options: ToolRunOptions) => unknown } = {},
): Tool {
  const { act = () => "Watered.", ...own } = options;
  const tool = defineTool<{ bed: unknown; minutes: unknown }>({
    name: "water_bed",
    description: "Waters a bed.",
    input: {
      type: "object",
      properties: { bed: { type: "string" }, minutes: { type: "number" } },
      required: ["bed"],
      additionalProperties: false,
    },
    changesWorld: true,
    permission: "always",
    run(input, run) {
      const call = { bed: input.bed, minutes: input.minutes, key: run.idempotencyKey, trigger: run.trigger };
      calls.push(call);
      return act(call, run);
    },
  });
  return { ...tool, ...own };
}

export async function openTestAgent(
  tools: readonly Tool[],
  replies: readonly ScriptedReply[] | ScriptedEngine = ["Yes."],
  config: object = {},
): Promise<Agent> {
  const spec = { name: "garden", capabilities: tools.map(({ name }) => name) };
  const device = { device_id: "d", platform: "linux-aarch64", memory_mb: 512, cpu_cores: 2 };
  const agent = await openAgent({ spec, device, ...config } as Parameters<typeof openAgent>[0], {
    engine: replies instanceof ScriptedEngine ? replies : new ScriptedEngine(replies),
    tools,
  });
  onTestFinished(() => agent.close());
  return agent;
}

export function testFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), "nanoagent-triggers-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Settings of a trigger that gets its events by hand. */
export function byHand(settings: Partial<TriggerSettings> = {}): TriggerSettings {
  return {
    name: "dry-bed",
    when: { http: { secret_env: "HOOK_SECRET" } },
    do: { tool: "water_bed", arguments: { bed: "{payload.bed}", minutes: 5 } },
    ...settings,
  };
}

export async function openTestTriggers(
  agent: Agent,
  settings: TriggerSettings | readonly TriggerSettings[],
  options: Partial<TriggersOptions> & { allows?: boolean } = {},
) {
  const notices: TriggerNotice[] = [];
  const questions: string[] = [];
  const { allows = false, ...own } = options;
  const triggers = await openTriggers({
    settings: [settings].flat() as TriggerSettings[],
    folder: path.join(testFolder(), "events"),
    environment: { HOOK_SECRET: "a-secret-of-the-hook" },
    agent: {
      use: (_signal, act) => act(agent),
      async ask(request) {
        questions.push(request.description);
        return allows;
      },
    },
    onNotice: (notice) => notices.push(notice),
    ...own,
  });
  onTestFinished(() => triggers.close());
  return Object.assign(triggers, { notices, questions });
}
