import type { CoreCluster, CpuCache, DeclaredDetails, Fact, GpuDetails, NpuDetails } from "@nanoagent/models";
import { plainText } from "../output/plain-text.js";

const NAME_COLUMNS = 28;
const VALUE_COLUMNS = 34;
const BYTES_PER_MB = 2 ** 20;

/** All facts by room, a line each: what it is, and where that was read or why it is not known. */
export function formatDetails(details: DeclaredDetails): string {
  return Object.entries(details)
    .map(([room, facts]) => {
      const lines = Object.entries(facts ?? {}).map(([name, fact]) => formatFact(name, fact as Fact<unknown>));
      return `\n${titleOf(room)}\n${lines.join("")}`;
    })
    .join("");
}

function titleOf(name: string): string {
  const words = name
    .replaceAll("_", " ")
    .replace(/\b(cpu|gpus|npus|soc)\b/g, (word) => word.toUpperCase().replace("US", "Us"));
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}

function formatFact(name: string, fact: Fact<unknown>): string {
  const label = titleOf(name.replace(/_(bytes|celsius|percent)$/, "")).padEnd(NAME_COLUMNS);
  if ("error" in fact) return plainLine(`  ${label}${"unknown".padEnd(VALUE_COLUMNS)}  ${fact.error}`);
  const source = fact.confidence === "certain" ? fact.source : `${fact.source}, ${fact.confidence}`;
  return plainLine(`  ${label}${formatValue(name, fact.value).padEnd(VALUE_COLUMNS)}  ${source}`);
}

function plainLine(text: string): string {
  return `${plainText(text)}\n`;
}

function formatValue(name: string, value: unknown): string {
  if (value === null) return "none";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") {
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
    const { vendor, name: model, memory, memory_bytes } = item as GpuDetails;
    const size = memory_bytes === null ? "" : ` ${formatBytes(memory_bytes)}`;
    return `${model === null ? vendor : `${vendor} ${model}`} (${memory}${size})`;
  }
  if (name === "npus") {
    const { name: model, usable_by } = item as NpuDetails;
    return `${model} (${usable_by.length === 0 ? "no engine of ours uses it" : usable_by.join(", ")})`;
  }
  return String(item);
}

function formatBytes(bytes: number): string {
  return bytes < BYTES_PER_MB ? `${Math.round(bytes / 1024)} KB` : `${Math.round(bytes / BYTES_PER_MB)} MB`;
}
