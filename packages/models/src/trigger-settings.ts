import * as z from "zod/mini";
import { positiveInteger } from "./field-types.js";
import {
  durationFormat,
  missedRunsFormat,
  type TextFormat,
  timeOfDayFormat,
  triggerNameFormat,
} from "./text-formats.js";
import { whenFirstUsed } from "./when-first-used.js";

/** Starts an act without a person: when something happens, and if it matters, then one act, and where its answer goes. */
export interface TriggerSettings {
  /** Lower-case letters, digits, `-` and `_`: part of a topic, an address and a key. */
  name: string;
  /** Default: true. */
  enabled?: boolean | undefined;
  when: TriggerSource;
  /** All must hold. Default: every event counts. */
  if?: TriggerCondition | TriggerCondition[] | undefined;
  do: TriggerAct;
  /** Where the answer goes. Default: only the log. */
  then?: TriggerAnswer | TriggerAnswer[] | undefined;
  /** How repeated events are recognized. Default: `by: payload.id`, `window: 10m`. */
  dedupe?: "off" | TriggerDedupe | undefined;
  /**
   * Decides about an act that was under way when the program was killed, if its tool cannot be run again safely.
   * Default: `skip` for a tool that changes the world, otherwise `retry`.
   */
  on_unknown?: "ask" | "skip" | "retry" | undefined;
  /** Most tries of an act that fails. Default: 5. */
  tries?: number | undefined;
  queue?: TriggerQueue | undefined;
}

/** One source of events. */
export type TriggerSource =
  | ScheduleSource
  | IntervalSource
  | { mqtt: MqttTriggerSource }
  | { gpio: GpioSource }
  | { file: FileSource }
  | { http: HookSource }
  | CommandSource;

/** A value that a condition compares with. */
export type ComparedValue = string | number | boolean | null;

/** Options of the sources that run by a clock. */
export interface ClockOptions {
  /** Runs that were due while the service was stopped or the device was off: `skip`, `once`, or `all up to 5`. Default: `skip`. */
  missed?: string | undefined;
  /** Decides about a run that comes while the one before is not finished. Default: `skip`. */
  overlap?: "skip" | "queue" | "replace" | undefined;
  /** Each run is later by a random time up to this one. Default: `0s`. */
  jitter?: string | undefined;
}

export interface ScheduleSource extends ClockOptions {
  /** A line of cron: minute, hour, day of the month, month, day of the week; or `@daily` and the like. */
  schedule: string;
  /** Such as `Europe/Berlin`. Default: that of the system. */
  time_zone?: string | undefined;
}

export interface IntervalSource extends ClockOptions {
  /** Such as `10m`. Runs are at the multiples of this time since 1970. */
  every: string;
}

export interface MqttTriggerSource {
  /** Topic, or filter with `+` and `#`. */
  topic: string;
  /** Whether messages count that the broker had stored before. Default: false. */
  retained?: boolean | undefined;
}

export interface GpioSource {
  /** Name of the line, or its offset on the chip. */
  line: string | number;
  /** Name or label of the chip, such as `gpiochip0` or `pinctrl-rp1`. Default: the chip that has the line. */
  chip?: string | undefined;
  /** Default: `both`. */
  edge?: "rising" | "falling" | "both" | undefined;
  /** Time for which a new level must last. Default: none. */
  debounce?: string | undefined;
  bias?: "pull-up" | "pull-down" | "disabled" | undefined;
}

export interface FileSource {
  /** File, or a folder and a pattern with `*` for the name. */
  path: string;
  /** Time without a change after which a file counts as complete. Default: `1s`. */
  settle?: string | undefined;
}

export interface HookSource {
  /** Name of the environment variable that holds the secret; never the secret itself. */
  secret_env: string;
}

export interface CommandSource {
  /** Program and its arguments. Each line that it prints is an event. */
  command: string[];
  /** Default: the config's folder. */
  working_directory?: string | undefined;
  environment?: Record<string, string> | undefined;
}

/** A test of an event, without a model. */
export interface TriggerCondition {
  /** Path of the value: `payload`, `payload.percent`, `payload.items.0`, `topic.1`. */
  value?: string | undefined;
  equals?: ComparedValue | undefined;
  not_equals?: ComparedValue | undefined;
  one_of?: ComparedValue[] | undefined;
  above?: number | undefined;
  below?: number | undefined;
  at_least?: number | undefined;
  at_most?: number | undefined;
  /** Distance that the value must go back beyond the limit before the condition can begin to hold again. */
  hysteresis?: number | undefined;
  /** Least difference from the value that counted last. */
  change_by?: number | undefined;
  /** Least time for which the condition has held. */
  for?: string | undefined;
  rate_limit?: RateLimit | undefined;
  /** Times of the day at which nothing is done. */
  quiet_hours?: QuietHours | undefined;
}

/** Most events that count within a time. */
export interface RateLimit {
  max: number;
  per: string;
}

/** Times of the day such as `22:00`. `to` may be earlier than `from`: then midnight lies between them. */
export interface QuietHours {
  from: string;
  to: string;
  /** Default: that of the system. */
  time_zone?: string | undefined;
}

/** Act of a trigger: a tool, a sentence of the intents, or a message to the model. */
export type TriggerAct = ToolAct | SentenceAct | MessageAct;

export interface ToolAct {
  tool: string;
  /** Texts may have placeholders. A text that is only a placeholder is replaced by the value, with its type. */
  arguments?: Record<string, unknown> | undefined;
}

/** A sentence of `intents`. It is never given to a model. */
export interface SentenceAct {
  sentence: string;
}

export interface MessageAct {
  message: string;
}

/** Where an answer goes. Texts may have placeholders. */
export type TriggerAnswer = { mqtt: MqttAnswer } | CommandAnswer | { http: HttpAnswer } | { file: FileAnswer };

export interface MqttAnswer {
  topic: string;
  /** Default: the answer. */
  payload?: string | undefined;
  /** Default: false. */
  retain?: boolean | undefined;
}

/** Program that gets the answer on stdin. */
export interface CommandAnswer {
  command: string[];
  /** Default: the config's folder. */
  working_directory?: string | undefined;
}

/** The answer is sent as JSON, with the event and its trigger. */
export interface HttpAnswer {
  url: string;
  /** Name of the environment variable that holds the token to send; never the token itself. */
  secret_env?: string | undefined;
}

/** Each answer is a line of JSON at the end of the file. */
export interface FileAnswer {
  path: string;
}

export interface TriggerDedupe {
  /** Path of the value that is the same for repeated events. */
  by: string;
  /** Time within which events with the same value count once. Default: `10m`. */
  window?: string | undefined;
}

/** Limits of the events that wait. */
export interface TriggerQueue {
  /** Default: 1000. */
  max_events?: number | undefined;
  /** Events that waited longer are dropped. Default: `1d`. */
  max_age?: string | undefined;
  /** Which event is dropped when the queue is full. Default: `refuse`, which leaves it with its sender. */
  when_full?: "refuse" | "drop-oldest" | "drop-newest" | undefined;
}

/** Most triggers of an agent. */
const MAX_TRIGGERS = 200;

const text = () => z.string().check(z.minLength(1));
const formatted = ({ pattern }: TextFormat) => z.string().check(z.regex(pattern));
const duration = () => formatted(durationFormat);
const compared = () => z.union([z.string(), z.number(), z.boolean(), z.null()]);
const command = () => z.array(z.string()).check(z.minLength(1));

const clockOptions = () => ({
  missed: z.optional(formatted(missedRunsFormat)),
  overlap: z.optional(z.enum(["skip", "queue", "replace"])),
  jitter: z.optional(duration()),
});

const source = whenFirstUsed(() =>
  z.union([
    z.strictObject({ schedule: text(), time_zone: z.optional(text()), ...clockOptions() }),
    z.strictObject({ every: duration(), ...clockOptions() }),
    z.strictObject({ mqtt: z.strictObject({ topic: text(), retained: z.optional(z.boolean()) }) }),
    z.strictObject({
      gpio: z.strictObject({
        line: z.union([text(), z.int().check(z.minimum(0))]),
        chip: z.optional(text()),
        edge: z.optional(z.enum(["rising", "falling", "both"])),
        debounce: z.optional(duration()),
        bias: z.optional(z.enum(["pull-up", "pull-down", "disabled"])),
      }),
    }),
    z.strictObject({ file: z.strictObject({ path: text(), settle: z.optional(duration()) }) }),
    z.strictObject({ http: z.strictObject({ secret_env: text() }) }),
    z.strictObject({
      command: command(),
      working_directory: z.optional(text()),
      environment: z.optional(z.record(z.string(), z.string())),
    }),
  ]),
);

const condition = whenFirstUsed(() =>
  z
    .strictObject({
      value: z.optional(text()),
      equals: z.optional(compared()),
      not_equals: z.optional(compared()),
      one_of: z.optional(z.array(compared()).check(z.minLength(1))),
      above: z.optional(z.number()),
      below: z.optional(z.number()),
      at_least: z.optional(z.number()),
      at_most: z.optional(z.number()),
      hysteresis: z.optional(z.number().check(z.minimum(0))),
      change_by: z.optional(z.number().check(z.minimum(0))),
      for: z.optional(duration()),
      rate_limit: z.optional(z.strictObject({ max: positiveInteger(), per: duration() })),
      quiet_hours: z.optional(
        z.strictObject({
          from: formatted(timeOfDayFormat),
          to: formatted(timeOfDayFormat),
          time_zone: z.optional(text()),
        }),
      ),
    })
    // A schema has it once, although one condition and a list may stand in the same place.
    .check(z.meta({ id: "TriggerCondition" })),
);

const act = whenFirstUsed(() =>
  z.union([
    z.strictObject({ tool: text(), arguments: z.optional(z.record(z.string(), z.unknown())) }),
    z.strictObject({ sentence: text() }),
    z.strictObject({ message: text() }),
  ]),
);

const answer = whenFirstUsed(() =>
  z
    .union([
      z.strictObject({
        mqtt: z.strictObject({ topic: text(), payload: z.optional(z.string()), retain: z.optional(z.boolean()) }),
      }),
      z.strictObject({ command: command(), working_directory: z.optional(text()) }),
      z.strictObject({ http: z.strictObject({ url: text(), secret_env: z.optional(text()) }) }),
      z.strictObject({ file: z.strictObject({ path: text() }) }),
    ])
    .check(z.meta({ id: "TriggerAnswer" })),
);

const trigger = whenFirstUsed(() =>
  z.strictObject({
    name: formatted(triggerNameFormat),
    enabled: z.optional(z.boolean()),
    when: source(),
    if: z.optional(z.union([condition(), z.array(condition())])),
    do: act(),
    then: z.optional(z.union([answer(), z.array(answer())])),
    dedupe: z.optional(z.union([z.literal("off"), z.strictObject({ by: text(), window: z.optional(duration()) })])),
    on_unknown: z.optional(z.enum(["ask", "skip", "retry"])),
    tries: z.optional(positiveInteger()),
    queue: z.optional(
      z.strictObject({
        max_events: z.optional(positiveInteger()),
        max_age: z.optional(duration()),
        when_full: z.optional(z.enum(["refuse", "drop-oldest", "drop-newest"])),
      }),
    ),
  }),
);

export const triggersSource = whenFirstUsed(() => z.array(trigger()).check(z.maxLength(MAX_TRIGGERS)));
