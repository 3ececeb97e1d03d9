import * as z from "zod/mini";
import { type AgentSpec, type AgentSpecInput, agentSpecSource } from "./agent-spec.js";
import { defineSchema } from "./define-schema.js";
import type { DeclaredDetails, DeclaredDetailsInput } from "./device-details.js";
import { type EdgeDevice, type EdgeDeviceInput, edgeDeviceSource, hasGpu } from "./edge-device.js";
import { count, optionalPart, positiveInteger } from "./field-types.js";
import { type IntentSettings, intentSettingsSource } from "./intent-settings.js";
import { type McpServerSettings, mcpServerSource } from "./mcp-server-settings.js";
import { type SamplingSettings, samplingSource } from "./sampling-settings.js";
import type { Schema } from "./schema.js";
import { type CommandToolSettings, commandToolSource } from "./tool-settings.js";
import { whenFirstUsed } from "./when-first-used.js";

/** Everything about an agent that is data. What `NanoRuntime.load()` takes: the device is known, paths are absolute. */
export interface NanoAgentConfig extends AgentSettings {
  spec: AgentSpec;
  device: EdgeDevice;
  model_path: string | null;
}

export interface NanoAgentConfigInput extends AgentSettings {
  spec: AgentSpecInput;
  device: EdgeDeviceInput;
  model_path?: string | null | undefined;
}

/** The same as a person writes it: the device may be left to the profiler. */
export interface NanoAgentConfigFile extends AgentSettings {
  spec: AgentSpec;
  device: EdgeDevice | "auto" | AutoDevice;
  model_path: string | null;
}

export interface NanoAgentConfigFileInput extends AgentSettings {
  spec: AgentSpecInput;
  device?: EdgeDeviceInput | "auto" | AutoDeviceInput | undefined;
  model_path?: string | null | undefined;
}

/** Profile this machine, and let what is declared here win. */
export interface AutoDevice {
  auto: true;
  device_id?: string | undefined;
  platform?: string | undefined;
  memory_mb?: number | undefined;
  cpu_cores?: number | undefined;
  has_gpu?: boolean | undefined;
  details?: DeclaredDetails | undefined;
}

export interface AutoDeviceInput extends Omit<AutoDevice, "details"> {
  details?: DeclaredDetailsInput | undefined;
}

/** The keys of a config beside the seed's three; each may be absent. */
export interface AgentSettings {
  model_root?: string | undefined;
  instructions?: string | undefined;
  engine?: EngineSettings | undefined;
  sampling?: SamplingSettings | undefined;
  intents?: IntentSettings | undefined;
  tools?: CommandToolSettings[] | undefined;
  mcp_servers?: Record<string, McpServerSettings> | undefined;
  skills_dir?: string | undefined;
  session?: SessionSettings | undefined;
  window?: WindowSettings | undefined;
  /** Whether a reply may claim an act that did not happen. Default: `strict` for local models below 2 billion parameters. */
  acts?: "strict" | "off" | undefined;
}

export interface EngineSettings {
  type?: "rules" | "llama" | "openai-compatible" | undefined;
  url?: string | undefined;
  model?: string | undefined;
  /** Name of the environment variable that holds the key; never the key itself. */
  api_key_env?: string | undefined;
  allow_network?: boolean | undefined;
  isolation?: "process" | "none" | undefined;
  idle_unload_seconds?: number | undefined;
  /**
   * Tokens of context. `auto` begins with 4,096, or with what the instructions and tools need; a local model's grows when a
   * conversation needs more and memory admits it. Default: `auto`.
   */
  context?: number | "auto" | undefined;
  /** Whether a model that can think before it answers does so. Default: `auto`, as the model does by itself. */
  thinking?: "off" | "on" | "auto" | undefined;
  /** Longest wait for the first token of a server's reply, in seconds. Default: 600. */
  first_token_seconds?: number | undefined;
  /** Longest wait from one token of a server's reply to the next, in seconds. Default: 60. */
  next_token_seconds?: number | undefined;
}

export interface SessionSettings {
  dir: string;
  /** Default: `turn`. */
  fsync?: "turn" | "batch" | "never" | undefined;
  /** What becomes of a reply that cannot be saved. Default: `refuse`. */
  on_write_error?: "refuse" | "deliver" | undefined;
  /** Default: everything is kept. */
  retention?: SessionRetention | undefined;
}

/** How much of a session is kept; its oldest parts leave, about 1 MB at a time. */
export interface SessionRetention {
  max_mb?: number | undefined;
  max_days?: number | undefined;
}

export interface WindowSettings {
  /** What becomes of the oldest turns when the engine's context is full. Default: `drop`. */
  on_overflow?: "drop" | "summarize" | undefined;
}

const text = () => z.string().check(z.minLength(1));

const descriptions: Record<string, string> = {
  model_path: "Model file on this device, relative to this file.",
  model_root: "Folder that model files must lie in.",
  instructions: "What the agent is told before every conversation.",
  engine: "What answers: the built-in rules, a local model, or a server.",
  sampling: "How a model chooses its words and when a reply ends.",
  intents: "Sentences that are answered without a model.",
  tools: "Commands that the agent may run.",
  mcp_servers: "Model Context Protocol servers that offer tools.",
  skills_dir: "Folder of Agent Skills.",
  session: "Where the conversation is kept.",
  window: "What happens when the context is full.",
  acts: "Whether a reply may say that something was done when no tool was called: strict does not show it, off does. Default: strict for local models below 2 billion parameters.",
};

function described(key: string) {
  return z.meta({ description: descriptions[key] });
}

const settings = whenFirstUsed(() => ({
  model_path: z._default(z.nullable(text()), null).check(described("model_path")),
  model_root: z.optional(text()).check(described("model_root")),
  instructions: z.optional(z.string()).check(described("instructions")),
  engine: optionalPart(() =>
    z.strictObject({
      type: z
        .optional(z.enum(["rules", "llama", "openai-compatible"]))
        .check(z.meta({ description: "Who answers: the built-in rules, a model file (llama), or a server." })),
      url: z.optional(text()).check(z.meta({ description: "Address of the server (openai-compatible)." })),
      model: z.optional(text()).check(z.meta({ description: "The model's name on the server (openai-compatible)." })),
      api_key_env: z
        .optional(text())
        .check(z.meta({ description: "Environment variable that holds the server's key; never the key itself." })),
      allow_network: z
        .optional(z.boolean())
        .check(z.meta({ description: "Whether the server may be on another machine than this one." })),
      isolation: z
        .optional(z.enum(["process", "none"]))
        .check(z.meta({ description: "Where a model runs: in a process of its own, or in the agent's (none)." })),
      idle_unload_seconds: z
        .optional(count())
        .check(z.meta({ description: "Seconds without a message after which the model leaves memory." })),
      context: z
        .optional(z.union([positiveInteger(), z.literal("auto")]))
        .check(z.meta({ description: 'Tokens that a model keeps in view, or "auto" for what fits.' })),
      thinking: z
        .optional(z.enum(["off", "on", "auto"]))
        .check(
          z.meta({ description: "Whether the model thinks before it answers. Default: auto, as it does by itself." }),
        ),
      first_token_seconds: z
        .optional(positiveInteger())
        .check(z.meta({ description: "Longest wait for the first token of a server's reply. Default: 600." })),
      next_token_seconds: z
        .optional(positiveInteger())
        .check(z.meta({ description: "Longest wait from one token of a server's reply to the next. Default: 60." })),
    }),
  ).check(described("engine")),
  sampling: optionalPart(samplingSource).check(described("sampling")),
  intents: optionalPart(intentSettingsSource).check(described("intents")),
  tools: optionalPart(() => z.array(commandToolSource())).check(described("tools")),
  mcp_servers: optionalPart(() => z.record(z.string(), mcpServerSource())).check(described("mcp_servers")),
  skills_dir: z.optional(text()).check(described("skills_dir")),
  session: optionalPart(() =>
    z.strictObject({
      dir: text().check(z.meta({ description: "Folder that the conversation is written to." })),
      fsync: z
        .optional(z.enum(["turn", "batch", "never"]))
        .check(z.meta({ description: "When it is forced to the disk: after each turn, every few turns, or never." })),
      on_write_error: z.optional(z.enum(["refuse", "deliver"])).check(
        z.meta({
          description: "What becomes of a reply that cannot be saved: an error, or the reply, marked as not saved.",
        }),
      ),
      retention: z
        .optional(
          z.strictObject({
            max_mb: z
              .optional(z.int().check(z.minimum(2)))
              .check(z.meta({ description: "Megabytes that the conversation may take on the disk." })),
            max_days: z.optional(positiveInteger()).check(z.meta({ description: "Days that what was said is kept." })),
          }),
        )
        .check(z.meta({ description: "How much is kept; without it everything. The oldest parts leave first." })),
    }),
  ).check(described("session")),
  window: optionalPart(() =>
    z.strictObject({
      on_overflow: z.optional(z.enum(["drop", "summarize"])).check(
        z.meta({
          description:
            "What becomes of the oldest turns: they are no longer shown to the model (drop), or it is shown a summary of them.",
        }),
      ),
    }),
  ).check(described("window")),
  acts: z.optional(z.enum(["strict", "off"])).check(described("acts")),
}));

/** The device's keys without their defaults: what is absent comes from the profile. */
const autoDeviceSource = whenFirstUsed(() =>
  z.strictObject({
    auto: z
      .literal(true)
      .check(z.meta({ description: "Profile this machine; the other keys here win over what it finds." })),
    ...z.partial(z.strictObject({ ...edgeDeviceSource().shape, has_gpu: hasGpu() })).shape,
  }),
);

const spec = whenFirstUsed(() =>
  agentSpecSource().check(z.meta({ description: "The agent: its name, what it can do, what it may use." })),
);

export const nanoAgentConfigSource = whenFirstUsed(() =>
  z.strictObject({ spec: spec(), device: edgeDeviceSource(), ...settings() }),
);

export const NanoAgentConfig: Schema<NanoAgentConfigInput, NanoAgentConfig> = defineSchema<
  NanoAgentConfigInput,
  NanoAgentConfig
>(nanoAgentConfigSource);

export const nanoAgentConfigFileSource = whenFirstUsed(() =>
  z.strictObject({
    spec: spec(),
    device: z._default(z.union([edgeDeviceSource(), z.literal("auto"), autoDeviceSource()]), "auto").check(
      z.meta({
        description: 'The device, or "auto" to profile this machine, or {auto: true} with what you know better.',
      }),
    ),
    ...settings(),
  }),
);

export const NanoAgentConfigFile: Schema<NanoAgentConfigFileInput, NanoAgentConfigFile> = defineSchema<
  NanoAgentConfigFileInput,
  NanoAgentConfigFile
>(nanoAgentConfigFileSource);
