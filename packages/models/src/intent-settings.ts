import * as z from "zod/mini";
import { whenFirstUsed } from "./when-first-used.js";

/** Sentences that are answered without a model. */
export interface IntentSettings {
  /** Possible values of a `{name}` in sentences, by name. All intents share them. */
  slots?: Record<string, SlotSettings> | undefined;
  definitions: IntentDefinition[];
  /** Reply of an agent without a model to a message that no sentence matches: a text, or a text for each language. */
  fallback?: string | Record<string, string> | undefined;
}

/** Sentences, and the tool and answer for them. */
export interface IntentDefinition {
  name: string;
  /** Templates with `[optional]`, `(one|other)` and `{slot}`: a list for all languages, or a list for each. */
  sentences: string[] | Record<string, string[]>;
  /** Tool to call. Default: only answer. */
  tool?: string | undefined;
  /** Arguments of the tool; `"{zone}"` is the value of a slot. Default: every slot, under its own name. */
  arguments?: Record<string, unknown> | undefined;
  /** Values of slots that the message does not name. */
  defaults?: Record<string, SlotValue> | undefined;
  /** Reply, with `{slot}`, `{result}` and `[optional parts]`. Default: the tool's result. */
  answer?: string | Record<string, string> | undefined;
  /** Reply when the tool fails, with `{slot}` and `{error}`. Default: the error. */
  failure?: string | Record<string, string> | undefined;
}

/** List of values, range of numbers, or `text` for any words. */
export type SlotSettings = ListedValue[] | NumberRange | "text";

export interface NumberRange {
  from: number;
  to: number;
  /** Distance between values, counted from `from`. Default: 1. */
  step?: number | undefined;
}

export type SlotValue = string | number | boolean;

/** A value, or a value with the words for it: a list for all languages, or a list for each. */
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
