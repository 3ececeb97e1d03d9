import { BYTES_PER_MB, type NanoAgentConfig } from "@nanoagent/models";
import { plainLine, plainText } from "../output/plain-text.js";
import type { CheckReport, Issue } from "./check-report.js";

const STATUS_WIDTH = 9;
/** Formats the report for people: a line per part, then the issues, then their number. */
export function formatReport(report: CheckReport, config: NanoAgentConfig | null): string {
  const width = Math.max(...report.parts.map(({ name }) => name.length)) + 2;
  const parts = report.parts.map(({ status, name, summary }) =>
    `${status.padEnd(STATUS_WIDTH)}${name.padEnd(width)}${plainLine(summary)}`.trimEnd(),
  );
  const issues = [...report.issues].sort(bySeverity);
  return [
    config === null ? plainLine(report.file) : title(report.file, config),
    parts.join("\n"),
    ...(issues.length === 0 ? [] : [issues.map((issue) => formatIssue(report.file, issue)).join("\n")]),
    `${verdict(issues)}\n`,
  ].join("\n\n");
}

function title(file: string, { spec, device }: NanoAgentConfig): string {
  const cores = `${device.cpu_cores} ${device.cpu_cores === 1 ? "core" : "cores"}`;
  return plainLine(
    `${file}: agent '${spec.name}' ${spec.version} on ${device.device_id} (${device.platform}, ${device.memory_mb} MB, ${cores})`,
  );
}

function formatIssue(file: string, { severity, key, line, column, message, reason, hint }: Issue): string {
  const place = line === null ? "" : `${file}:${line}:${column}: ${key === "" ? "" : `${key}: `}`;
  const lines = [`${severity}: ${plainLine(place)}${plainText(message)}`];
  if (reason !== null) lines.push(`  why: ${plainText(reason)}`);
  if (hint !== null) lines.push(`  do: ${plainText(hint)}`);
  return lines.join("\n");
}

function bySeverity(one: Issue, other: Issue): number {
  if (one.severity !== other.severity) return one.severity === "error" ? -1 : 1;
  return (one.line ?? 0) - (other.line ?? 0) || (one.column ?? 0) - (other.column ?? 0);
}

function verdict(issues: readonly Issue[]): string {
  const errors = issues.filter(({ severity }) => severity === "error").length;
  const warnings = issues.length - errors;
  if (issues.length === 0) return "All is well.";
  return [counted(errors, "error"), counted(warnings, "warning")].filter(Boolean).join(", ");
}

function counted(count: number, word: string): string {
  return count === 0 ? "" : `${count} ${word}${count === 1 ? "" : "s"}`;
}

/** Returns the report for programs. */
export function reportToJson(report: CheckReport, config: NanoAgentConfig | null) {
  return {
    file: report.file,
    exit_code: report.exitCode,
    spec: config?.spec ?? null,
    device: config?.device ?? null,
    parts: report.parts.map(({ name, status, summary }) => ({ name: name.toLowerCase(), status, summary })),
    capabilities: report.capabilities,
    budget_mb: report.model === null ? null : report.model.budgetBytes / BYTES_PER_MB,
    plan: report.model?.plan ?? null,
    problems: report.issues,
  };
}
