import * as z from "zod/mini";
import { defineSchema } from "./define-schema.js";
import type { Schema } from "./schema.js";
import { whenFirstUsed } from "./when-first-used.js";

/** Part of a collection: for fitting weights, for development, or kept unseen until the end. */
export type ScenarioPart = "training" | "development" | "sealed";

/** File of scenarios: simulated tools, and messages with the calls that they should lead to. */
export interface ScenarioFile {
  name: string;
  description?: string | undefined;
  /** Instructions for the model. Default: those of the config, or none. */
  instructions?: string | undefined;
  tools: ScenarioTool[];
  scenarios: Scenario[];
}

/** Simulated tool. Nothing runs: a call is recorded and answered with `result`, or fails with `error`. */
export interface ScenarioTool {
  name: string;
  description: string;
  /** Default: false. */
  changes_world?: boolean | undefined;
  /** JSON Schema of the arguments; `type: object` is added. Default: no arguments. */
  parameters?: Record<string, unknown> | undefined;
  /** Text or any JSON. Default: `done`. */
  result?: unknown;
  error?: string | undefined;
}

/** Message or dialogue (`turns`), with the calls and the reply that are right. */
export interface Scenario extends Omit<ScenarioTurn, "say"> {
  /** Unique in its file. */
  id: string;
  say?: string | undefined;
  groups?: string[] | undefined;
  /** Language of the messages. Default: `en`. */
  language?: string | undefined;
  part?: ScenarioPart | undefined;
  turns?: ScenarioTurn[] | undefined;
  /** Messages of the conversation before this one. */
  before?: ScenarioMessage[] | undefined;
}

export interface ScenarioTurn {
  /** Message of the user. */
  say: string;
  /** Calls that must happen in this turn, in any order and no others. Default: none. */
  expect?: "none" | ExpectedCall[] | undefined;
  /** Whether the reply must ask the user something. */
  asks?: boolean | undefined;
  reply?: ExpectedReply | undefined;
}

export interface ExpectedCall {
  tool: string;
  /**
   * Expected arguments, by name: an exact value, `{from, to}` for a range of numbers, `{pattern}` for a regular
   * expression that ignores case, `{one_of}` for a list of exact values, or `{any: true}`. Other arguments must be
   * absent, or be optional and have the default of their schema.
   */
  arguments?: Record<string, unknown> | undefined;
}

/** Requirements for the text of a reply. Letter case does not count. */
export interface ExpectedReply {
  contains?: string[] | undefined;
  pattern?: string | undefined;
  forbids?: string[] | undefined;
}

export interface ScenarioMessage {
  role: "user" | "assistant" | "tool";
  content: string;
  tool_calls?: ScenarioToolCall[] | undefined;
  tool_call_id?: string | undefined;
}

export interface ScenarioToolCall {
  id: string;
  name: string;
  arguments: Record<string, unknown>;
}

const text = () => z.string().check(z.minLength(1));
const texts = () => z.array(text());
const anyMap = () => z.record(z.string(), z.unknown());

const turn = () => ({
  say: text(),
  expect: z.optional(
    z.union([z.literal("none"), z.array(z.strictObject({ tool: text(), arguments: z.optional(anyMap()) }))]),
  ),
  asks: z.optional(z.boolean()),
  reply: z.optional(
    z.strictObject({ contains: z.optional(texts()), pattern: z.optional(text()), forbids: z.optional(texts()) }),
  ),
});

const tool = whenFirstUsed(() =>
  z.strictObject({
    name: text(),
    description: text(),
    changes_world: z.optional(z.boolean()),
    parameters: z.optional(anyMap()),
    result: z.optional(z.unknown()),
    error: z.optional(text()),
  }),
);

const message = whenFirstUsed(() =>
  z.strictObject({
    role: z.enum(["user", "assistant", "tool"]),
    content: z.string(),
    tool_calls: z.optional(
      z.array(
        z.strictObject({
          id: text(),
          name: text(),
          arguments: anyMap(),
        }),
      ),
    ),
    tool_call_id: z.optional(text()),
  }),
);

const scenario = whenFirstUsed(() =>
  z.strictObject({
    id: text(),
    groups: z.optional(texts()),
    language: z.optional(text()),
    part: z.optional(z.enum(["training", "development", "sealed"])),
    ...turn(),
    say: z.optional(text()),
    turns: z.optional(z.array(z.strictObject(turn())).check(z.minLength(1))),
    before: z.optional(z.array(message())),
  }),
);

export const scenarioFileSource = whenFirstUsed(() =>
  z.strictObject({
    name: text(),
    description: z.optional(z.string()),
    instructions: z.optional(z.string()),
    tools: z.array(tool()),
    scenarios: z.array(scenario()).check(z.minLength(1)),
  }),
);

export const ScenarioFile: Schema<ScenarioFile> = defineSchema<ScenarioFile, ScenarioFile>(scenarioFileSource);
