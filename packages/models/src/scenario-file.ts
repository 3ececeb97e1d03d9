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
const described = <Source extends z.ZodMiniType>(source: Source, description: string) =>
  source.check(z.meta({ description }) as never) as Source;

const expectation = {
  expect: () =>
    described(
      z.optional(
        z.union([
          z.literal("none"),
          z.array(
            z.strictObject({
              tool: described(text(), "Name of the tool."),
              arguments: described(
                z.optional(anyMap()),
                "By key, the exact value, or {from, to}, {pattern}, {one_of: […]} or {any: true}.",
              ),
            }),
          ),
        ]),
      ),
      "The calls that must happen, in any order, and no other; none for no call.",
    ),
  asks: () => described(z.optional(z.boolean()), "Whether the reply must ask the user something."),
  reply: () =>
    described(
      z.optional(
        z.strictObject({
          contains: described(z.optional(texts()), "Texts that the reply must contain; letter case does not count."),
          pattern: described(z.optional(text()), "Regular expression that the reply must match."),
          forbids: described(z.optional(texts()), "Texts that the reply must not contain."),
        }),
      ),
      "Texts of the reply.",
    ),
};
const say = () => described(text(), "The user's message.");

const tool = whenFirstUsed(() =>
  z.strictObject({
    name: described(text(), "What the model calls it by."),
    description: described(text(), "What it does, for the model."),
    changes_world: described(z.optional(z.boolean()), "Whether it does more than look. Default: false."),
    parameters: described(z.optional(anyMap()), "JSON Schema of an object. Default: no arguments."),
    result: described(z.optional(z.unknown()), "What a call returns: text or any JSON. Default: done."),
    error: described(z.optional(text()), "Message that a call fails with."),
  }),
);

const message = whenFirstUsed(() =>
  z.strictObject({
    role: described(z.enum(["user", "assistant", "tool"]), "Who said it."),
    content: described(z.string(), "What was said, or what the tool returned."),
    tool_calls: described(
      z.optional(
        z.array(
          z.strictObject({
            id: described(text(), "Id that the tool's message repeats."),
            name: described(text(), "Name of the tool."),
            arguments: described(anyMap(), "Arguments of the call."),
          }),
        ),
      ),
      "Calls of an assistant's message.",
    ),
    tool_call_id: described(z.optional(text()), "The call that a tool's message answers."),
  }),
);

const scenario = whenFirstUsed(() =>
  z.strictObject({
    id: described(text(), "Unique in its file."),
    groups: described(z.optional(texts()), "Groups that the report counts it in."),
    language: described(z.optional(text()), "Language of the messages. Default: en."),
    part: described(
      z.optional(z.enum(["training", "development", "sealed"])),
      "Part of the collection that it belongs to.",
    ),
    say: described(z.optional(say()), "The user's message."),
    expect: expectation.expect(),
    asks: expectation.asks(),
    reply: expectation.reply(),
    turns: described(
      z.optional(
        z
          .array(
            z.strictObject({
              say: say(),
              expect: expectation.expect(),
              asks: expectation.asks(),
              reply: expectation.reply(),
            }),
          )
          .check(z.minLength(1)),
      ),
      "A dialogue, in place of say: its messages, one conversation.",
    ),
    before: described(z.optional(z.array(message())), "Messages of the conversation so far."),
  }),
);

export const scenarioFileSource = whenFirstUsed(() =>
  z.strictObject({
    name: described(text(), "Name of the file in reports."),
    description: described(z.optional(z.string()), "What the scenarios are about."),
    instructions: described(z.optional(z.string()), "Instructions of the agent."),
    tools: described(z.array(tool()), "Tools that only pretend; nothing real runs."),
    scenarios: described(z.array(scenario()).check(z.minLength(1)), "Messages and the acts that they should lead to."),
  }),
);

export const ScenarioFile: Schema<ScenarioFile> = defineSchema<ScenarioFile, ScenarioFile>(scenarioFileSource);
