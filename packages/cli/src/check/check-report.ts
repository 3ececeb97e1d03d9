import { type FitPlan, NanoAgentError } from "@nanoagent/models";
import type { ResolvedCapability } from "@nanoagent/runtime/program";
import { exitCodeForCode } from "../errors/present-error.js";
import { exitCodes } from "../exit-codes.js";

/** One issue of a config, as an error or a warning. Lines and columns count from 1. */
export interface Issue {
  severity: "error" | "warning";
  code: string;
  /** Keys that lead to the value, joined by dots; empty for the config as a whole. */
  key: string;
  line: number | null;
  column: number | null;
  message: string;
  reason: string | null;
  hint: string | null;
}

/** Parts of an issue that a check supplies; {@link CheckedPart} adds the position. */
export interface IssueParts {
  code: string;
  message: string;
  reason?: string | null | undefined;
  hint?: string | null | undefined;
}

export type ConfigPath = readonly (string | number)[];
export type PlaceOf = (path: ConfigPath) => { line: number; column: number };

/** Part of an agent, with its summary and issues. */
export class CheckedPart {
  readonly name: string;
  summary = "";
  readonly issues: Issue[] = [];
  readonly #placeOf: PlaceOf | null;

  constructor(name: string, placeOf: PlaceOf | null) {
    this.name = name;
    this.#placeOf = placeOf;
  }

  get status(): "ok" | "warning" | "error" {
    return this.issues.some(({ severity }) => severity === "error")
      ? "error"
      : this.issues.length > 0
        ? "warning"
        : "ok";
  }

  error(path: ConfigPath, parts: IssueParts): void {
    this.#add("error", path, parts);
  }

  warn(path: ConfigPath, parts: IssueParts): void {
    this.#add("warning", path, parts);
  }

  /** Adds a thrown error as an issue. Rethrows anything that is not a {@link NanoAgentError}. */
  reject(path: ConfigPath, thrown: unknown): void {
    if (!NanoAgentError.isInstance(thrown)) throw thrown;
    this.error(path, thrown);
  }

  #add(severity: Issue["severity"], path: ConfigPath, { code, message, reason, hint }: IssueParts): void {
    const place = this.#placeOf?.(path) ?? { line: null, column: null };
    this.issues.push({
      severity,
      code,
      key: path.join("."),
      ...place,
      message,
      reason: reason ?? null,
      hint: hint ?? null,
    });
  }
}

/** Findings of a check, part by part. */
export class CheckReport {
  readonly file: string;
  readonly parts: CheckedPart[] = [];
  /** Plan for loading the model, and its budget; null without a model, or if it cannot be loaded. */
  model: { plan: FitPlan; budgetBytes: number } | null = null;
  capabilities: readonly ResolvedCapability[] = [];
  readonly #placeOf: PlaceOf | null;

  constructor(file: string, placeOf: PlaceOf | null) {
    this.file = file;
    this.#placeOf = placeOf;
  }

  part(name: string): CheckedPart {
    const part = new CheckedPart(name, this.#placeOf);
    this.parts.push(part);
    return part;
  }

  get issues(): Issue[] {
    return this.parts.flatMap(({ issues }) => issues);
  }

  /** 0 without errors, 3 if all errors are that something does not fit, otherwise 2. */
  get exitCode(): number {
    const errors = this.issues.filter(({ severity }) => severity === "error");
    if (errors.length === 0) return exitCodes.done;
    const onlyDoesNotFit = errors.every(({ code }) => exitCodeForCode(code) === exitCodes.doesNotFit);
    return onlyDoesNotFit ? exitCodes.doesNotFit : exitCodes.usage;
  }
}
