import type { PageMemory, PageStatus } from "../src/page/page-events.js";
import { find, setText } from "./find-element.js";
import { formatBytes, formatDuration } from "./format-figures.js";
import { make } from "./make-element.js";

/** Width of the bar in its own units. */
const BAR_WIDTH = 1000;
const PARTS = ["engine", "program", "tools"] as const;

const PRESSURE: Readonly<Record<string, string>> = {
  "trim-window": "Older messages are left out",
  "drop-saved-state": "Prepared text is dropped",
  "smaller-batch": "Prompts are read in smaller parts",
  "smaller-context": "The context is smaller",
  "unload-when-idle": "The model is unloaded when idle",
  refuse: "New messages are refused",
};

/** The state of service, model and device. */
export class StatusView {
  readonly #rows = new Map<string, { row: HTMLElement; value: HTMLElement }>();

  show(status: PageStatus): void {
    const { health, model, turns, memory, device } = status;
    const healthView = find("health");
    setText(healthView, `Health: ${health.status}`);
    healthView.className = health.status;
    showMemory(memory);
    const temperature = device?.temperature_celsius ?? null;
    const isHot = device?.is_throttled === true;
    const warmth = temperature === null ? null : `${Math.round(temperature)} °C`;
    showOptional("warmth", warmth === null ? null : isHot ? `${warmth}, slowed down` : warmth);
    find("warmth").className = isHot ? "degraded" : "";
    showOptional("queue", turns.waiting === 0 ? null : `${turns.waiting} waiting`);
    this.#showFacts({
      Health: [health.status, ...health.reasons].join(". "),
      Model: model.id,
      Engine: model.engine,
      Context: model.context_tokens === null ? null : `${model.context_tokens.toLocaleString()} tokens`,
      Memory: memory && `${formatBytes(memory.used_bytes)} of ${formatBytes(memory.limit_bytes)}`,
      "— engine": memory && formatBytes(memory.engine_bytes),
      "— program": memory && formatBytes(memory.program_bytes),
      "— tools": memory && formatBytes(memory.tools_bytes),
      "Memory pressure": pressureOf(status),
      Temperature: warmth,
      Processor: isHot ? "Slowed down: too hot, or too little power" : null,
      Power: device?.power_source === "battery" ? "Battery" : null,
      Turns: `${turns.running} running, ${turns.waiting} waiting`,
      "Running for": formatDuration(status.uptime_seconds),
      Version: status.version,
    });
  }

  /** Null leaves a row out. */
  #showFacts(facts: Readonly<Record<string, string | null>>): void {
    for (const [name, text] of Object.entries(facts)) {
      const known = this.#rows.get(name) ?? this.#addRow(name);
      known.row.hidden = text === null;
      setText(known.value, text ?? "");
    }
  }

  #addRow(name: string) {
    const value = make("dd", { dir: "auto" });
    const part = PARTS.find((one) => name === `— ${one}`);
    const term = part === undefined ? make("dt", {}, name) : make("dt", { class: `part ${part}` }, part);
    const row = make("div", {}, [term, value]);
    find("facts").append(row);
    const known = { row, value };
    this.#rows.set(name, known);
    return known;
  }
}

function pressureOf({ memory, device }: PageStatus): string | null {
  const action = memory?.pressure ?? null;
  const share = device?.memory_pressure_percent ?? null;
  const parts = [
    ...(action === null ? [] : [PRESSURE[action] ?? action]),
    ...(share === null ? [] : [`${share < 10 ? share.toFixed(1) : Math.round(share)} % of the time`]),
  ];
  return parts.length === 0 ? null : parts.join("; ");
}

function showOptional(id: string, text: string | null): void {
  const element = find(id);
  element.hidden = text === null;
  setText(element, text ?? "");
}

function showMemory(memory: PageMemory | null): void {
  const meter = find("memory");
  meter.hidden = memory === null;
  if (memory === null) return;
  const { used_bytes, limit_bytes, engine_bytes, program_bytes, tools_bytes } = memory;
  const [used, limit] = [formatBytes(used_bytes), formatBytes(limit_bytes)];
  const parts = { engine: engine_bytes, program: program_bytes, tools: tools_bytes };
  const most = Math.max(limit_bytes, 1);
  meter.setAttribute("aria-valuemax", String(most));
  // A meter has no values above its maximum.
  meter.setAttribute("aria-valuenow", String(Math.min(used_bytes, most)));
  const details = PARTS.map((part) => `${part} ${formatBytes(parts[part])}`).join(", ");
  meter.setAttribute("aria-valuetext", `${used} of ${limit} used: ${details}`);
  meter.setAttribute("title", `${used} of ${limit} used: ${details}`);
  meter.className = used_bytes > limit_bytes ? "unavailable" : memory.pressure === null ? "" : "degraded";
  setText(find("memory-text"), `${used} of ${limit}`);
  // Parts that share memory, or use more than the limit, fill the bar.
  const whole = Math.max(most, engine_bytes + program_bytes + tools_bytes);
  let from = 0;
  for (const part of PARTS) {
    const width = Math.round((parts[part] / whole) * BAR_WIDTH);
    const rectangle = meter.querySelector(`rect.${part}`);
    rectangle?.setAttribute("x", String(from));
    rectangle?.setAttribute("width", String(width));
    from += width;
  }
}
