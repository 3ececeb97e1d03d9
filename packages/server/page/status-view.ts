import type { PageMemory, PageStatus } from "../src/page/page-events.js";
import { find, setText } from "./find-element.js";
import { formatBytes } from "./format-figures.js";
import { make } from "./make-element.js";

/** Width of the bar in its own units. */
const BAR_WIDTH = 1000;
const PARTS = ["engine", "program", "tools"] as const;

/** The state of service, model and device. */
export class StatusView {
  readonly #rows = new Map<string, { row: HTMLElement; value: HTMLElement }>();

  show(status: PageStatus): void {
    const { health, model, turns, memory, device } = status;
    setText(find("health"), `Health: ${health.status}`);
    find("health").className = health.status;
    showMemory(memory);
    const { temperature_celsius = null, is_throttled = null, memory_pressure_percent = null } = device ?? {};
    const temperature = temperature_celsius === null ? null : `${Math.round(temperature_celsius)} °C`;
    showOptional("warmth", temperature, is_throttled === true);
    showOptional("queue", turns.waiting === 0 ? null : `${turns.waiting} waiting`);
    this.#showFacts({
      Health: [health.status, ...health.reasons].join(". "),
      Model: model.id,
      Engine: model.engine,
      Context: model.context_tokens === null ? null : `${model.context_tokens.toLocaleString()} tokens`,
      Memory: memory && `${formatBytes(memory.used_bytes)} of ${formatBytes(memory.limit_bytes)}`,
      engine: memory && formatBytes(memory.engine_bytes),
      program: memory && formatBytes(memory.program_bytes),
      tools: memory && formatBytes(memory.tools_bytes),
      // Such as `smaller-context`.
      "Saving memory": memory?.pressure?.replaceAll("-", " ") ?? null,
      "Waiting for memory": memory_pressure_percent === null ? null : `${memory_pressure_percent.toFixed(1)} %`,
      Temperature: temperature,
      Processor: is_throttled === true ? "slowed down" : null,
      Power: device?.power_source ?? null,
      Turns: `${turns.running} running, ${turns.waiting} waiting`,
      Version: status.version,
    });
  }

  /** Null leaves a row out. Parts of the memory have the color that they have in the bar. */
  #showFacts(facts: Readonly<Record<string, string | null>>): void {
    for (const [name, text] of Object.entries(facts)) {
      let known = this.#rows.get(name);
      if (known === undefined) {
        const value = make("dd", { dir: "auto" });
        const isPart = (PARTS as readonly string[]).includes(name);
        const row = make("div", {}, [make("dt", isPart ? `part ${name}` : "", name), value]);
        find("facts").append(row);
        known = { row, value };
        this.#rows.set(name, known);
      }
      known.row.hidden = text === null;
      setText(known.value, text ?? "");
    }
  }
}

function showOptional(id: string, text: string | null, isDegraded = false): void {
  const element = find(id);
  element.hidden = text === null;
  element.className = isDegraded ? "degraded" : "";
  setText(element, text ?? "");
}

function showMemory(memory: PageMemory | null): void {
  const meter = find("memory");
  meter.hidden = memory === null;
  if (memory === null) return;
  const { used_bytes, limit_bytes, pressure } = memory;
  const most = Math.max(limit_bytes, 1);
  const text = `${formatBytes(used_bytes)} of ${formatBytes(limit_bytes)}`;
  const bytesOf = (part: (typeof PARTS)[number]) => memory[`${part}_bytes`];
  // Parts that share memory, or use more than the limit, fill the bar.
  const whole = PARTS.reduce((sum, part) => sum + bytesOf(part), 0);
  let from = 0;
  for (const part of PARTS) {
    const width = Math.round((bytesOf(part) / Math.max(most, whole)) * BAR_WIDTH);
    const rectangle = meter.querySelector(`.${part}`);
    rectangle?.setAttribute("x", String(from));
    rectangle?.setAttribute("width", String(width));
    from += width;
  }
  const values = {
    "aria-valuemax": most,
    // A meter has no values above its maximum.
    "aria-valuenow": Math.min(used_bytes, most),
    "aria-valuetext": `${text} used: ${PARTS.map((part) => `${part} ${formatBytes(bytesOf(part))}`).join(", ")}`,
    class: used_bytes > limit_bytes ? "unavailable" : pressure === null ? "" : "degraded",
  };
  for (const [name, value] of Object.entries(values)) meter.setAttribute(name, String(value));
  setText(find("memory-text"), text);
}
