import * as z from "zod/mini";
import { type AgentSpec, type AgentSpecInput, agentSpecSource } from "./agent-spec.js";
import { defineSchema } from "./define-schema.js";
import type { DeclaredDetails, DeclaredDetailsInput } from "./device-details.js";
import { type EdgeDevice, type EdgeDeviceInput, edgeDeviceSource } from "./edge-device.js";
import { count, optionalPart, positiveInteger } from "./field-types.js";
import { type FleetSettings, fleetSource } from "./fleet-settings.js";
import { type IntentSettings, intentSettingsSource } from "./intent-settings.js";
import { type McpServerSettings, mcpServerSource } from "./mcp-server-settings.js";
import { type MqttSettings, mqttSource } from "./mqtt-settings.js";
import { type SamplingSettings, samplingSource } from "./sampling-settings.js";
import type { Schema } from "./schema.js";
import { type ServeSettings, serveSource } from "./serve-settings.js";
import { type CommandToolSettings, commandToolSource } from "./tool-settings.js";
import { type TriggerSettings, triggersSource } from "./trigger-settings.js";
import { whenFirstUsed } from "./when-first-used.js";

/** Config of an agent, as `NanoRuntime.load()` accepts it: with a known device and absolute paths. */
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

/** Config as written in a file: the device may be left to the profiler. */
export interface NanoAgentConfigFile extends AgentSettings {
  /** JSON Schema for editors. The agent ignores it. */
  $schema?: string | undefined;
  spec: AgentSpec;
  device: EdgeDevice | "auto" | AutoDevice;
  model_path: string | null;
}

export interface NanoAgentConfigFileInput extends AgentSettings {
  $schema?: string | undefined;
  spec: AgentSpecInput;
  device?: EdgeDeviceInput | "auto" | AutoDeviceInput | undefined;
  model_path?: string | null | undefined;
}

/** Device that is read from this machine, except for the keys that are given. */
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

/** Optional keys of a config. */
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
  /**
   * `strict`: withholds a reply that claims an act for which no tool was called. `off`: shows every reply. Default:
   * `strict` for local models below 2 billion parameters, otherwise `off`.
   */
  acts?: "strict" | "off" | undefined;
  /** Settings of `nanoagent serve`. Conversations that are open in a terminal ignore them. */
  serve?: ServeSettings | undefined;
  /** Acts without a person, under `nanoagent serve`. They need `session`. */
  triggers?: TriggerSettings[] | undefined;
  /** Broker of the triggers, of Home Assistant, and of messages to the agent. Under `nanoagent serve` only. */
  mqtt?: MqttSettings | undefined;
  /** Registration in a fleet, and updates by signed bundles. Under `nanoagent serve`; it needs `mqtt`. */
  fleet?: FleetSettings | undefined;
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
   * Context length, in tokens. `auto` begins with 4,096, or with what the instructions and tools need; a local model's
   * context grows when a conversation needs more and memory allows it. Default: `auto`.
   */
  context?: number | "auto" | undefined;
  /** Whether a model that can think before it answers does so. Default: `auto`, the model's own default. */
  thinking?: "off" | "on" | "auto" | undefined;
  /** Longest wait for the first token of a server's reply, in seconds. Default: 600. */
  first_token_seconds?: number | undefined;
  /** Longest wait between two tokens of a server's reply, in seconds. Default: 60. */
  next_token_seconds?: number | undefined;
}

export interface SessionSettings {
  dir: string;
  /** Default: `turn`. */
  fsync?: "turn" | "batch" | "never" | undefined;
  /** Effect of a failed write: the message fails, or the reply comes unsaved. Default: `refuse`. */
  on_write_error?: "refuse" | "deliver" | undefined;
  /** Default: keep everything. */
  retention?: SessionRetention | undefined;
}

/** Limits on a session. The oldest parts are deleted first, about 1 MB at a time. */
export interface SessionRetention {
  max_mb?: number | undefined;
  max_days?: number | undefined;
}

export interface WindowSettings {
  /** How a full context makes room: the oldest turns are dropped, or summarized. Default: `drop`. */
  on_overflow?: "drop" | "summarize" | undefined;
}

const text = () => z.string().check(z.minLength(1));

const settings = whenFirstUsed(() => ({
  model_path: z._default(z.nullable(text()), null),
  model_root: z.optional(text()),
  instructions: z.optional(z.string()),
  engine: optionalPart(() =>
    z.strictObject({
      type: z.optional(z.enum(["rules", "llama", "openai-compatible"])),
      url: z.optional(text()),
      model: z.optional(text()),
      api_key_env: z.optional(text()),
      allow_network: z.optional(z.boolean()),
      isolation: z.optional(z.enum(["process", "none"])),
      idle_unload_seconds: z.optional(count()),
      context: z.optional(z.union([positiveInteger(), z.literal("auto")])),
      thinking: z.optional(z.enum(["off", "on", "auto"])),
      first_token_seconds: z.optional(positiveInteger()),
      next_token_seconds: z.optional(positiveInteger()),
    }),
  ),
  sampling: optionalPart(samplingSource),
  intents: optionalPart(intentSettingsSource),
  tools: optionalPart(() => z.array(commandToolSource())),
  mcp_servers: optionalPart(() => z.record(z.string(), mcpServerSource())),
  skills_dir: z.optional(text()),
  session: optionalPart(() =>
    z.strictObject({
      dir: text(),
      fsync: z.optional(z.enum(["turn", "batch", "never"])),
      on_write_error: z.optional(z.enum(["refuse", "deliver"])),
      retention: z.optional(
        z.strictObject({
          max_mb: z.optional(z.int().check(z.minimum(2))),
          max_days: z.optional(positiveInteger()),
        }),
      ),
    }),
  ),
  window: optionalPart(() =>
    z.strictObject({
      on_overflow: z.optional(z.enum(["drop", "summarize"])),
    }),
  ),
  acts: z.optional(z.enum(["strict", "off"])),
  serve: optionalPart(serveSource),
  triggers: optionalPart(triggersSource),
  mqtt: optionalPart(mqttSource),
  fleet: optionalPart(fleetSource),
}));

/** Keys of the device without their defaults. Absent keys come from the profile. */
const autoDeviceSource = whenFirstUsed(() =>
  z.strictObject({
    auto: z.literal(true),
    ...z.partial(z.strictObject({ ...edgeDeviceSource().shape, has_gpu: z.boolean() })).shape,
  }),
);

export const nanoAgentConfigSource = whenFirstUsed(() =>
  z.strictObject({ spec: agentSpecSource(), device: edgeDeviceSource(), ...settings() }),
);

export const NanoAgentConfig: Schema<NanoAgentConfigInput, NanoAgentConfig> = defineSchema<
  NanoAgentConfigInput,
  NanoAgentConfig
>(nanoAgentConfigSource);

export const nanoAgentConfigFileSource = whenFirstUsed(() =>
  z.strictObject({
    spec: agentSpecSource(),
    device: z._default(z.union([edgeDeviceSource(), z.literal("auto"), autoDeviceSource()]), "auto"),
    ...settings(),
    $schema: z.optional(z.string()),
  }),
);

export const NanoAgentConfigFile: Schema<NanoAgentConfigFileInput, NanoAgentConfigFile> = defineSchema<
  NanoAgentConfigFileInput,
  NanoAgentConfigFile
>(nanoAgentConfigFileSource);
