import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { NanoAgentConfigInput, TriggerSettings } from "@nanoagent/models";

/** Kinds of messages that the soak sends, each with a trigger of its own. */
export const messageKinds = ["keyed", "plain", "read", "said"] as const;
export type MessageKind = (typeof messageKinds)[number];

/** Payload of a message. */
export interface SoakPayload {
  /** Number of the message; a repeated one has the number of the first. */
  readonly n: number;
  /** The same for repeated messages. Only messages of the kind `keyed` have it. */
  readonly id?: string;
  /** Whether the trigger should act. */
  readonly wanted: boolean;
  /** How long the tool takes, in seconds. */
  readonly pause: number;
}

/** The tool of each trigger. */
export const toolsOfTriggers: Readonly<Record<string, "once" | "world" | "look">> = {
  keyed: "once",
  said: "once",
  "tick-once": "once",
  plain: "world",
  "tick-world": "world",
  read: "look",
};

/** Schedules of the agent, with their interval. */
export const intervals: Readonly<Record<string, number>> = { "tick-once": 1000, "tick-world": 2000 };

/**
 * A tool: notes its start, takes its time, does its one effect, notes its end. With `once`, the effect is a file with the
 * name of the key that only the first run can create; otherwise each run has an effect.
 */
const toolScript = (folder: string, name: string) => `#!/bin/sh
key=$NANOAGENT_IDEMPOTENCY_KEY
echo "start $key $NANOAGENT_TRIGGER" >> ${folder}/tools/${name}.log
sleep "$1"
${name === "once" ? `(set -C; : > "${folder}/effects/$key") 2> /dev/null` : ""}
echo "end $key $NANOAGENT_TRIGGER" >> ${folder}/tools/${name}.log
echo "$name $key"
`;

const wanted = { value: "payload.wanted", equals: true };
const pause = { pause: "{payload.pause}" };

function triggersOf(folder: string): TriggerSettings[] {
  const on = (kind: MessageKind) => ({ mqtt: { topic: `soak/${kind}/+` } });
  const answers = (name: string) => ({ mqtt: { topic: `soak-answers/${name}`, payload: "{event}" } });
  return [
    {
      name: "keyed",
      when: on("keyed"),
      if: wanted,
      do: { tool: "once", arguments: pause },
      then: [{ file: { path: path.join(folder, "answers.jsonl") } }, answers("keyed")],
      queue: { max_events: 10_000 },
    },
    { name: "plain", when: on("plain"), if: wanted, do: { tool: "world", arguments: pause } },
    { name: "read", when: on("read"), if: wanted, do: { tool: "look", arguments: pause } },
    { name: "said", when: on("said"), if: wanted, do: { sentence: "make a note" } },
    {
      name: "tick-once",
      when: { every: "1s", missed: "all up to 5", overlap: "queue" },
      do: { tool: "once", arguments: { pause: 0.02 } },
      then: answers("tick-once"),
    },
    {
      name: "tick-world",
      when: { every: "2s", missed: "all up to 5" },
      do: { tool: "world", arguments: { pause: 0.05 } },
    },
  ];
}

/** Writes the config of the agent with its tools, and returns the path of the config. */
export function writeAgent(folder: string, url: string): string {
  for (const name of ["tools", "effects"]) mkdirSync(path.join(folder, name), { recursive: true });
  const tool = (name: string, settings: object) => {
    const file = path.join(folder, "tools", `${name}.sh`);
    writeFileSync(file, toolScript(folder, name));
    chmodSync(file, 0o755);
    return {
      name,
      description: `Tool ${name} of the soak.`,
      command: [file, "{pause}"],
      arguments: { pause: { type: "number" as const, minimum: 0, maximum: 10, default: 0.05 } },
      permission: "always" as const,
      ...settings,
    };
  };
  const config: NanoAgentConfigInput = {
    spec: { name: "soak", max_memory_mb: 256 },
    device: { device_id: "soak", platform: "linux-x86_64", memory_mb: 2048, cpu_cores: 2 },
    session: { dir: path.join(folder, "session") },
    mqtt: { url, client_id: "soak-agent" },
    tools: [tool("once", { idempotent: true }), tool("world", {}), tool("look", { changes_world: false })],
    intents: {
      definitions: [{ name: "note", sentences: ["make a note"], tool: "once", answer: "Noted: {result}" }],
    },
    triggers: triggersOf(folder),
  };
  const file = path.join(folder, "agent.json");
  writeFileSync(file, JSON.stringify(config, null, 2));
  return file;
}
