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
      value: value(),
      say: byLanguage(texts),
    }),
  ]),
);

const numberRange = whenFirstUsed(() =>
  z.strictObject({
    from: z.number(),
    to: z.number(),
    step: z.optional(z.number()),
  }),
);

const slot = whenFirstUsed(() =>
  z.union([z.array(listedValue()).check(z.minLength(1)), numberRange(), z.literal("text")]),
);

const definition = whenFirstUsed(() =>
  z.strictObject({
    name: text(),
    sentences: byLanguage(texts),
    tool: z.optional(text()),
    arguments: z.optional(z.record(z.string(), z.unknown())),
    defaults: z.optional(z.record(z.string(), value())),
    answer: z.optional(byLanguage(text)),
    failure: z.optional(byLanguage(text)),
  }),
);

export const intentSettingsSource = whenFirstUsed(() =>
  z.strictObject({
    slots: z.optional(z.record(z.string(), slot())),
    definitions: z.array(definition()),
    fallback: z.optional(byLanguage(text)),
  }),
);
