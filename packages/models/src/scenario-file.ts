import * as z from "zod/mini";
import { defineSchema } from "./define-schema.js";
import type { Schema } from "./schema.js";
import { whenFirstUsed } from "./when-first-used.js";

/** Part of a collection of scenarios: what weights are made from, what they are developed on, what stays unseen. */
export type ScenarioPart = "training" | "development" | "sealed";

/** A file of scenarios: tools that only pretend, and sentences with the acts that they should lead to. */
export interface ScenarioFile {
  name: string;
  description?: string | undefined;
  /** Instructions of the agent. Default: those of the config, or none. */
  instructions?: string | undefined;
  tools: ScenarioTool[];
  scenarios: Scenario[];
}

/** A tool as the model is told of it. Nothing runs: a call is recorded and answered with `result`, or fails with `error`. */
export interface ScenarioTool {
  name: string;
  description: string;
  /** Default: false. */
  changes_world?: boolean | undefined;
  /** JSON Schema of an object; `type: object` is filled in. Default: no arguments. */
  parameters?: Record<string, unknown> | undefined;
  /** Text, or any JSON. Default: `done`. */
  result?: unknown;
  error?: string | undefined;
}

/** One message, or a dialogue (`turns`), and what should come of it. */
export interface Scenario extends Omit<ScenarioTurn, "say"> {
  /** Unique in its file. */
  id: string;
  say?: string | undefined;
  groups?: string[] | undefined;
  /** Language of the messages. Default: `en`. */
  language?: string | undefined;
  part?: ScenarioPart | undefined;
  turns?: ScenarioTurn[] | undefined;
  /** Messages of the conversation so far. */
  before?: ScenarioMessage[] | undefined;
}

export interface ScenarioTurn {
  /** The user's message. */
  say: string;
  /** The calls that must happen in this turn, in any order, and no other. Default: none. */
  expect?: "none" | ExpectedCall[] | undefined;
  /** Whether the reply must ask the user something. */
  asks?: boolean | undefined;
  reply?: ExpectedReply | undefined;
}

export interface ExpectedCall {
  tool: string;
  /**
   * By key, the exact value, or `{from, to}` for a range of numbers, `{pattern}` for a regular expression that ignores
   * letter case, `{one_of}` for a list of exact values, `{any: true}` for any value. Other keys must be absent, unless
   * they are not required and have the default of their schema.
   */
  arguments?: Record<string, unknown> | undefined;
}

/** Texts of a reply. Letter case does not count. */
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
