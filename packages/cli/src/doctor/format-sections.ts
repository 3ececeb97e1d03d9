import { cutText } from "@nanoagent/models";
import { plainText } from "../output/plain-text.js";
import type { Redaction } from "./redact.js";
import type { ReportSection } from "./report-section.js";

/** Longest text of a section. Eleven of these are less than the longest report. */
const MAX_SECTION_CHARACTERS = 40_000;
/** Longest report, in bytes. */
export const MAX_REPORT_BYTES = 512 * 1024;

/** Returns sections without secrets. */
export function redactSections(sections: readonly ReportSection[], redaction: Redaction): ReportSection[] {
  return sections.map(({ name, summary, data, failure }) => ({
    name,
    summary: redaction.text(summary),
    data: redaction.value(data),
    failure: failure === null ? null : redaction.text(failure),
  }));
}

/** Formats the text of a report from sections without secrets. At most 512 KB. */
export function formatSections(heading: readonly string[], sections: readonly ReportSection[]): string {
  const texts = sections.map(({ name, summary, data, failure }) => {
    const facts = failure === null ? formatValue(data, 0) : "";
    const isCut = facts.length > MAX_SECTION_CHARACTERS;
    const shown = isCut ? `${cutText(facts, MAX_SECTION_CHARACTERS)}\n[the rest is left out]\n` : facts;
    return `\n== ${name} ==\n${summary}\n${shown}`;
  });
  return cutToBytes(plainText(`${heading.join("\n")}\n${texts.join("")}`), MAX_REPORT_BYTES);
}

/** The report as JSON. A section that is too large has its summary alone. */
export function sectionsToJson(sections: readonly ReportSection[]) {
  return sections.map(({ name, summary, data, failure }) => ({
    name: keyOf(name),
    summary,
    failure,
    data: JSON.stringify(data).length > MAX_SECTION_CHARACTERS ? "[left out: too large]" : data,
  }));
}

/** `Last errors` → `last_errors`. */
export function keyOf(name: string): string {
  return name.toLowerCase().replaceAll(" ", "_");
}

/** Formats JSON data as indented lines, in the manner of YAML. */
function formatValue(value: unknown, depth: number): string {
  const indent = "  ".repeat(depth);
  if (Array.isArray(value)) {
    if (value.length === 0) return `${indent}(none)\n`;
    return value.map((item) => formatItem(item, depth)).join("");
  }
  if (typeof value === "object" && value !== null) {
    return Object.entries(value)
      .map(([key, item]) => formatEntry(key, item, depth))
      .join("");
  }
  return `${indent}${formatScalar(value, depth)}\n`;
}

function formatEntry(key: string, item: unknown, depth: number): string {
  const indent = "  ".repeat(depth);
  if (!isFilled(item)) return `${indent}${key}: ${formatScalar(item, depth)}\n`;
  const fact = asFact(item);
  if (fact !== null) return `${indent}${key}: ${formatScalar(fact, depth)}\n`;
  return `${indent}${key}:\n${formatValue(item, depth + 1)}`;
}

function formatItem(item: unknown, depth: number): string {
  const indent = "  ".repeat(depth);
  if (!isFilled(item)) return `${indent}- ${formatScalar(item, depth)}\n`;
  const text = formatValue(item, depth + 1);
  return `${indent}- ${text.slice(indent.length + 2)}`;
}

/** A fact of the device in one line: its value and source. Null for other data. */
function asFact(item: unknown): string | null {
  const { value, source, confidence, error, ...others } = item as Record<string, unknown>;
  if (Object.keys(others).length > 0) return null;
  if (typeof error === "string") return `unknown (${error})`;
  if (typeof source !== "string" || value === undefined) return null;
  const shown = typeof value === "object" && value !== null ? JSON.stringify(value) : formatScalar(value, 0);
  return `${shown} (${source}${confidence === "certain" ? "" : `, ${String(confidence)}`})`;
}

function isFilled(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length > 0;
}

function formatScalar(value: unknown, depth: number): string {
  if (typeof value === "string") return value.replaceAll("\n", `\n${"  ".repeat(depth + 1)}`);
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "(none)" : "(empty)";
  return String(value ?? "none");
}

function cutToBytes(text: string, maxBytes: number): string {
  let cut = text;
  while (Buffer.byteLength(cut) > maxBytes) cut = cutText(cut, Math.floor(cut.length * 0.9));
  return cut;
}
