import { cutText, PRESSURE_ACTIONS } from "@nanoagent/models";
import type { ServiceFigures } from "../service/service-figures.js";
import type { ServiceStatus } from "../status/service-status.js";
import type { ProcessFigures } from "./process-figures.js";
import type { HistogramReading, Sample } from "./prometheus-text.js";

/** Longest label value. Names in a config are free text. */
const MAX_LABEL_CHARACTERS = 100;

/** The sources of all series, read at the same time. */
export interface MetricFacts {
  readonly status: ServiceStatus;
  readonly figures: ServiceFigures;
  readonly process: ProcessFigures;
}

/** All series of one name. */
export type Series = {
  readonly name: string;
  /** One line without a full stop. */
  readonly help: string;
  /** Names of the labels, with their values if these are known. */
  readonly labels: Readonly<Record<string, readonly string[] | null>>;
} & (
  | {
      readonly type: "counter" | "gauge";
      /** Returns the samples. An unknown value has none: 0 would be wrong. */
      readonly read: (facts: MetricFacts) => readonly Sample[];
    }
  | { readonly type: "histogram"; readonly read: (facts: MetricFacts) => HistogramReading }
);

const healths = ["ok", "degraded", "unavailable"] as const;

/** The series of a service, in the order of the reply. */
export const series: readonly Series[] = [
  {
    name: "nanoagent_build_info",
    type: "gauge",
    help: "Version, agent and engine as labels; the value is always 1",
    labels: { version: null, agent: null, engine: null },
    read: ({ status: { version, name, models } }) => {
      const labels = { version, agent: name, engine: models[0]?.engine ?? "" };
      return [{ labels: mapValues(labels, (text) => cutText(text, MAX_LABEL_CHARACTERS)), value: 1 }];
    },
  },
  {
    name: "nanoagent_start_time_seconds",
    type: "gauge",
    help: "Start of the service, in seconds since 1970",
    labels: {},
    read: ({ status }) => one(Date.parse(status.started_at) / 1000),
  },
  {
    name: "nanoagent_health",
    type: "gauge",
    help: "1 for the status that GET /health reports, 0 for the others",
    labels: { status: healths },
    read: ({ status: { health } }) =>
      healths.map((status) => ({ labels: { status }, value: health.status === status ? 1 : 0 })),
  },
  {
    name: "nanoagent_turns_total",
    type: "counter",
    help: "Turns that have ended, by result",
    labels: { result: ["answered", "failed", "aborted"] },
    read: ({ figures: { turns } }) =>
      each("result", { answered: turns.answered, failed: turns.failed, aborted: turns.aborted }),
  },
  {
    name: "nanoagent_requests_refused_total",
    type: "counter",
    help: "Requests that became no turns, because too many were taken already or the service stops",
    labels: { reason: ["queue-full", "stopping"] },
    read: ({ figures }) => each("reason", figures.refusals),
  },
  {
    name: "nanoagent_turn_seconds",
    type: "histogram",
    help: "Seconds from a request to the end of its turn, with the wait for the engine",
    labels: {},
    read: ({ figures }) => figures.turnSeconds,
  },
  {
    name: "nanoagent_first_token_seconds",
    type: "histogram",
    help: "Seconds from a request to the first text or tool call of its turn",
    labels: {},
    read: ({ figures }) => figures.firstTokenSeconds,
  },
  {
    name: "nanoagent_prompt_tokens_total",
    type: "counter",
    help: "Tokens of prompts; those that the engine had in its cache cost nothing",
    labels: { cached: ["true", "false"] },
    read: ({ figures: { turns } }) =>
      each("cached", {
        true: turns.cached_prompt_tokens,
        false: turns.prompt_tokens - turns.cached_prompt_tokens,
      }),
  },
  {
    name: "nanoagent_generated_tokens_total",
    type: "counter",
    help: "Tokens that the engine wrote",
    labels: {},
    read: ({ figures }) => one(figures.turns.completion_tokens),
  },
  {
    name: "nanoagent_memory_bytes",
    type: "gauge",
    help: "Memory of the agent by part: the engine's process, the program, the tools' processes",
    labels: { kind: ["engine", "js", "tools"] },
    read: ({ status: { memory } }) =>
      memory === null
        ? []
        : each("kind", { engine: memory.engine_bytes, js: memory.program_bytes, tools: memory.tools_bytes }),
  },
  {
    name: "nanoagent_memory_budget_bytes",
    type: "gauge",
    help: "Limit for all parts of the memory together",
    labels: {},
    read: ({ status }) => one(status.memory?.limit_bytes),
  },
  {
    name: "nanoagent_budget_step",
    type: "gauge",
    help: `Step in force against memory pressure: 0 none, ${numbered(PRESSURE_ACTIONS)}`,
    labels: {},
    read: ({ status }) => one(status.memory?.pressure_step),
  },
  {
    name: "nanoagent_queue_length",
    type: "gauge",
    help: "Requests that wait for the engine, their conversation or the agent; not those whose tool runs",
    labels: {},
    read: ({ status }) => one(status.turns.waiting),
  },
  {
    name: "nanoagent_turns_running",
    type: "gauge",
    help: "Turns that have the engine, a tool or a question for permission",
    labels: {},
    read: ({ status }) => one(status.turns.running),
  },
  {
    name: "nanoagent_conversations",
    type: "gauge",
    help: "Conversations that are open in memory",
    labels: {},
    read: ({ status }) => one(status.conversations.open),
  },
  {
    name: "nanoagent_questions_waiting",
    type: "gauge",
    help: "Questions for permission that wait for an answer",
    labels: {},
    read: ({ status }) => one(status.questions),
  },
  {
    name: "nanoagent_permissions_total",
    type: "counter",
    help: "Questions for permission that are over; unanswered ones count as a no",
    labels: { answer: ["allowed", "denied", "unanswered"] },
    read: ({ figures }) => each("answer", figures.permissions),
  },
  {
    name: "nanoagent_tool_calls_total",
    type: "counter",
    help: "Calls of the agent's tools by result; denied: not permitted; aborted: the turn ended first",
    labels: { result: ["done", "failed", "denied", "aborted"] },
    read: ({ figures }) => each("result", { ...figures.toolCalls }),
  },
  {
    name: "nanoagent_trigger_events_total",
    type: "counter",
    help: "Events of triggers by what became of them; not_met: a condition did not hold; repeated: the same event came before",
    labels: { trigger: null, result: ["done", "not_met", "failed", "unknown", "dropped", "repeated"] },
    read: ({ status: { triggers } }) =>
      (triggers?.list ?? []).flatMap(({ name, counts: { added: _, ...results } }) =>
        each("result", results).map(({ labels, value }) => ({ labels: { trigger: name, ...labels }, value })),
      ),
  },
  {
    name: "nanoagent_trigger_events_open",
    type: "gauge",
    help: "Events of a trigger that wait or are being worked on",
    labels: { trigger: null },
    read: ({ status: { triggers } }) =>
      (triggers?.list ?? []).map(({ name, open }) => ({ labels: { trigger: name }, value: open })),
  },
  {
    name: "nanoagent_trigger_failing",
    type: "gauge",
    help: "1 while the source of a trigger or its last act fails",
    labels: { trigger: null },
    read: ({ status: { triggers } }) =>
      (triggers?.list ?? []).map(({ name, status }) => ({
        labels: { trigger: name },
        value: status === "failing" ? 1 : 0,
      })),
  },
  {
    name: "nanoagent_acts_unknown",
    type: "gauge",
    help: "Acts of triggers that may or may not have been done",
    labels: {},
    read: ({ status }) => one(status.triggers?.unknown.length),
  },
  {
    name: "nanoagent_broker_connected",
    type: "gauge",
    help: "1 while the connection to the MQTT broker stands; absent without a broker",
    labels: {},
    read: ({ status }) => one(numberOf(status.mqtt?.connected)),
  },
  {
    name: "nanoagent_engine_respawns_total",
    type: "counter",
    help: "Starts of the engine's process after it had failed or was ended for its memory",
    labels: {},
    read: ({ figures }) => one(figures.respawns),
  },
  {
    name: "nanoagent_context_tokens",
    type: "gauge",
    help: "Length of the engine's context; absent without a limit",
    labels: {},
    read: ({ status }) => one(status.models[0]?.context_tokens),
  },
  {
    name: "nanoagent_temperature_celsius",
    type: "gauge",
    help: "Temperature of the processor",
    labels: {},
    read: ({ status }) => one(status.device?.temperature_celsius),
  },
  {
    name: "nanoagent_throttled",
    type: "gauge",
    help: "1 while the processor is slowed down, because it is too hot or lacks power",
    labels: {},
    read: ({ status }) => one(numberOf(status.device?.is_throttled)),
  },
  {
    name: "nanoagent_memory_pressure_ratio",
    type: "gauge",
    help: "Share of the last ten seconds in which tasks of the device waited for memory",
    labels: {},
    read: ({ status }) => one(ratioOf(status.device?.memory_pressure_percent)),
  },
  {
    name: "process_start_time_seconds",
    type: "gauge",
    help: "Start of the program's process, in seconds since 1970",
    labels: {},
    read: ({ process }) => one(process.start_seconds),
  },
  {
    name: "process_cpu_seconds_total",
    type: "counter",
    help: "Processor time of the program's process, without the engine and the tools",
    labels: {},
    read: ({ process }) => one(process.cpu_seconds),
  },
  {
    name: "process_resident_memory_bytes",
    type: "gauge",
    help: "Resident memory of the program's process, with code that the kernel can drop",
    labels: {},
    read: ({ process }) => one(process.resident_bytes),
  },
  {
    name: "process_open_fds",
    type: "gauge",
    help: "Open files and connections of the program's process",
    labels: {},
    read: ({ process }) => one(process.open_files),
  },
];

function one(value: number | null | undefined): readonly Sample[] {
  return value === null || value === undefined ? [] : [{ value }];
}

/** One sample for each key, which is the value of the label. */
function each(label: string, values: Readonly<Record<string, number>>): readonly Sample[] {
  return Object.entries(values).map(([key, value]) => ({ labels: { [label]: key }, value }));
}

function mapValues<Key extends string>(
  record: Readonly<Record<Key, string>>,
  change: (text: string) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries<string>(record).map(([key, text]) => [key, change(text)]));
}

/** Such as `1 trim-window, 2 drop-saved-state`. */
function numbered(names: readonly string[]): string {
  return names.map((name, index) => `${index + 1} ${name}`).join(", ");
}

function numberOf(value: boolean | null | undefined): number | null {
  return value === null || value === undefined ? null : Number(value);
}

function ratioOf(percent: number | null | undefined): number | null {
  return percent === null || percent === undefined ? null : percent / 100;
}
