import {
  BYTES_PER_MB,
  type CoreCluster,
  type CpuCache,
  type DeclaredDetails,
  type Fact,
  type GpuDetails,
  type NpuDetails,
} from "@nanoagent/models";
import { plainLine } from "../output/plain-text.js";

const NAME_COLUMNS = 24;
const VALUE_COLUMNS = 26;
const MIN_WRAP_COLUMNS = 20;
const WORDS: Readonly<Record<string, string>> = { cpu: "CPU", gpus: "GPUs", npus: "NPUs", soc: "SoC" };
/** Sizes that are shown as "none" if they are 0. */
const MAY_BE_NONE = new Set(["swap_bytes", "zram_bytes"]);

/**
 * Formats all facts by section, one line per fact: its value, and where it was read or why it is unknown. Lines longer
 * than `columns` are wrapped between words.
 */
export function formatDetails(details: DeclaredDetails, columns: number): string {
  return Object.entries(details)
    .map(([room, facts]) => {
      const lines = Object.entries(facts ?? {}).map(([name, fact]) => formatFact(name, fact as Fact<unknown>, columns));
      return `\n${titleOf(room)}\n${lines.join("")}`;
    })
    .join("");
}

function titleOf(name: string): string {
  const words = name.replaceAll("_", " ").replace(/\b(?:cpu|gpus|npus|soc)\b/g, (word) => WORDS[word] ?? word);
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}

function formatFact(name: string, fact: Fact<unknown>, columns: number): string {
  const label = titleOf(name.replace(/^(is|was)_|_(bytes|celsius|percent)$/g, "")).padEnd(NAME_COLUMNS);
  const value = plainLine("error" in fact ? "unknown" : formatValue(name, fact.value));
  const source = plainLine(sourceOf(fact));
  const line = `  ${label}${value.padEnd(VALUE_COLUMNS)}  ${source}`;
  if (line.length <= columns) return `${line}\n`;
  const indent = " ".repeat(label.length + 2);
  const lines = [value, source].flatMap((text) => wrapped(text, columns - indent.length));
  return `${[`  ${label}${lines[0]}`, ...lines.slice(1).map((rest) => indent + rest)].join("\n")}\n`;
}

function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + word.length < Math.max(columns, MIN_WRAP_COLUMNS)) {
      lines[lines.length - 1] = `${line} ${word}`;
    } else lines.push(word);
  }
  return lines;
}

function sourceOf(fact: Fact<unknown>): string {
  if ("error" in fact) return fact.error;
  return fact.confidence === "certain" ? fact.source : `${fact.source}, ${fact.confidence}`;
}

function formatValue(name: string, value: unknown): string {
  if (value === null) return "none";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") {
    if (value === 0 && MAY_BE_NONE.has(name)) return "none";
    if (name.endsWith("_bytes")) return formatBytes(value);
    if (name.endsWith("_celsius")) return `${value.toFixed(1)} °C`;
    return name.endsWith("_percent") ? `${value} %` : String(value);
  }
  if (!Array.isArray(value)) return String(value);
  if (value.length === 0) return "none";
  return value.map((item) => formatItem(name, item)).join(", ");
}

function formatItem(name: string, item: unknown): string {
  if (name === "clusters") {
    const { cores, name: kind, max_mhz } = item as CoreCluster;
    return `${cores.length} × ${kind}${max_mhz === null ? "" : ` at ${max_mhz} MHz`}`;
  }
  if (name === "caches") {
    const { level, type, size_bytes, count } = item as CpuCache;
    return `${count} × L${level}${type === "unified" ? "" : type.charAt(0)} ${formatBytes(size_bytes)}`;
  }
  if (name === "gpus") {
    const {
      vendor,
      name: model,
      memory,
      memory_bytes,
      shared_memory_bytes,
      is_accessible,
      usable_by,
    } = item as GpuDetails;
    const parts = [
      memory_bytes === null ? `${memory} memory` : `${memory} memory, ${formatBytes(memory_bytes)} dedicated`,
      ...(shared_memory_bytes === null ? [] : [`${formatBytes(shared_memory_bytes)} shared`]),
      ...(is_accessible === false ? ["not open to this user"] : []),
      usersOf(usable_by),
    ];
    return `${model === null ? vendor : `${vendor} ${model}`} (${parts.join("; ")})`;
  }
  if (name === "npus") {
    const { name: model, usable_by } = item as NpuDetails;
    return `${model} (${usersOf(usable_by)})`;
  }
  return String(item);
}

function usersOf(engines: readonly string[]): string {
  return engines.length === 0 ? "not used by any engine" : engines.join(", ");
}

/** Formats a size, rounded down like the device's memory. */
function formatBytes(bytes: number): string {
  return bytes < BYTES_PER_MB ? `${Math.floor(bytes / 1024)} KB` : `${Math.floor(bytes / BYTES_PER_MB)} MB`;
}
