import * as z from "zod/mini";
import { whenFirstUsed } from "./when-first-used.js";

/** Sentences that are answered without a model. */
export interface IntentSettings {
  /** What can stand in a sentence's `{name}`, by that name; every intent may use them. */
  slots?: Record<string, SlotSettings> | undefined;
  definitions: IntentDefinition[];
  /** What is answered, without a model, to a message that matches nothing; a text, or one by language. */
  fallback?: string | Record<string, string> | undefined;
}

/** One thing to do, the sentences that ask for it, and what is answered. */
export interface IntentDefinition {
  name: string;
  /** Templates: `[optional]`, `(one|other)`, `{slot}`; a list for every language, or a list by language. */
  sentences: string[] | Record<string, string[]>;
  /** The tool that is called; without one the answer is all there is. */
  tool?: string | undefined;
  /** The tool's arguments; `"{zone}"` is a slot's value. Default: every slot under its own name. */
  arguments?: Record<string, unknown> | undefined;
  /** Values of slots that a sentence does not name. */
  defaults?: Record<string, SlotValue> | undefined;
  /** What is answered, with `{slot}`, `{result}` and `[optional parts]`. Default: the tool's result. */
  answer?: string | Record<string, string> | undefined;
  /** What is answered when the tool fails, with `{error}`. */
  failure?: string | Record<string, string> | undefined;
}

/** Values that are listed, a range of numbers, or any words at all. */
export type SlotSettings = ListedValue[] | NumberRange | "text";

export interface NumberRange {
  from: number;
  to: number;
  /** The values lie so far apart, counted from `from`. Default: 1. */
  step?: number | undefined;
}

export type SlotValue = string | number | boolean;

/** A value, or a value and what people say for it: a list for every language, or a list by language. */
export type ListedValue = SlotValue | { value: SlotValue; say: string[] | Record<string, string[]> };

const text = () => z.string().check(z.minLength(1));
const value = () => z.union([z.string(), z.number(), z.boolean()]);
const texts = () => z.array(text()).check(z.minLength(1));
const byLanguage = <Source extends z.ZodMiniType>(source: () => Source) =>
  z.union([source(), z.record(z.string(), source())]);

const listedValue = whenFirstUsed(() =>
  z.union([
    value(),
    z.strictObject({
      value: value().check(z.meta({ description: "What the slot is then." })),
      say: byLanguage(texts).check(z.meta({ description: "What people say for it; a list, or a list by language." })),
    }),
  ]),
);

const numberRange = whenFirstUsed(() =>
  z.strictObject({
    from: z.number().check(z.meta({ description: "The least number." })),
    to: z.number().check(z.meta({ description: "The greatest number." })),
    step: z
      .optional(z.number())
      .check(z.meta({ description: "How far the numbers lie apart, counted from the least." })),
  }),
);

const slot = whenFirstUsed(() =>
  z.union([z.array(listedValue()).check(z.minLength(1)), numberRange(), z.literal("text")]),
);

const definition = whenFirstUsed(() =>
  z.strictObject({
    name: text().check(z.meta({ description: "What the intent is called in messages and logs." })),
    sentences: byLanguage(texts).check(
      z.meta({
        description: "Sentences with [optional parts], (one|other) and {slots}; a list, or a list by language.",
      }),
    ),
    tool: z.optional(text()).check(z.meta({ description: "The tool that is called." })),
    arguments: z
      .optional(z.record(z.string(), z.unknown()))
      .check(z.meta({ description: "The tool's arguments; {slot} stands for what was said. Default: all slots." })),
    defaults: z
      .optional(z.record(z.string(), value()))
      .check(z.meta({ description: "Values of slots that a sentence does not name." })),
    answer: z
      .optional(byLanguage(text))
      .check(z.meta({ description: "What is answered: text with {slot}, {result} and [optional parts]." })),
    failure: z
      .optional(byLanguage(text))
      .check(z.meta({ description: "What is answered when the tool fails: text with {slot} and {error}." })),
  }),
);

export const intentSettingsSource = whenFirstUsed(() =>
  z.strictObject({
    slots: z
      .optional(z.record(z.string(), slot()))
      .check(
        z.meta({ description: "What can stand in a sentence's {name}: values, a range of numbers, or any text." }),
      ),
    definitions: z.array(definition()).check(z.meta({ description: "What people ask for, and what is then done." })),
    fallback: z.optional(byLanguage(text)).check(
      z.meta({
        description:
          "What is answered, without a model, to a message that no sentence matches. Default: the names of the intents.",
      }),
    ),
  }),
);
