import { BYTES_PER_MB, type FitChange, type MemoryLedger, NanoAgentError } from "@nanoagent/models";
import { formatMb } from "./format-mb.js";
import { labelOfLine } from "./ledger-labels.js";

/** Facts that {@link DoesNotFitError} reports. */
export interface DoesNotFitParts {
  path: string;
  contextTokens: number;
  budgetBytes: number;
  /** Part of the agent's budget that is reserved for the program. Default: 0. */
  programBytes?: number | undefined;
  /** Part of the agent's budget that processes still to be started will use. Default: 0. */
  expectedBytes?: number | undefined;
  /** Those processes, in words: `its 2 MCP servers`. */
  expectedFor?: string | undefined;
  /** Memory that the device has free for the model, in bytes, whatever the budget. Default: no limit. */
  spareBytes?: number | undefined;
  /** Name of the limit that `spareBytes` comes from, such as a cgroup. Default: none. */
  spareSource?: string | null | undefined;
  /** Memory of the device in MB of 2^20 bytes. No budget can be larger. */
  deviceMemoryMb: number;
  ledger: MemoryLedger;
  changes: readonly FitChange[];
}

/**
 * Code `does-not-fit`: a model needs more memory than its budget. `ledger` lists the memory it needs, `budget_bytes` is
 * the budget, and `changes` lists what would help, cheapest first. Nothing was allocated.
 */
export class DoesNotFitError extends NanoAgentError {
  override name = "DoesNotFitError";
  readonly budget_bytes: number;
  readonly ledger: MemoryLedger;
  readonly changes: readonly FitChange[];

  constructor(parts: DoesNotFitParts) {
    const { path, contextTokens, budgetBytes, programBytes = 0, spareBytes = Number.POSITIVE_INFINITY } = parts;
    const { ledger, changes } = parts;
    super({
      code: "does-not-fit",
      message:
        `${path} needs ${formatMb(ledger.peak_resident_bytes)} MB with a context of ${contextTokens} tokens, but may ` +
        `use only ${formatMb(Math.max(0, budgetBytes))} MB: ${sumOf(ledger)}.` +
        (programBytes > 0 && budgetBytes < spareBytes
          ? ` ${formatMb(programBytes)} MB of the agent's memory is reserved for the program.`
          : ""),
      hint: hintOf(parts),
    });
    this.budget_bytes = budgetBytes;
    this.ledger = ledger;
    this.changes = changes;
  }

  /** Returns the error as plain data, with the ledger and the changes. */
  override toJSON() {
    return { ...super.toJSON(), budget_bytes: this.budget_bytes, ledger: this.ledger, changes: this.changes };
  }
}

/** Formats the sum, largest part first: `weights 92.1 + KV cache 45.0 + … = 207.8 MB`. */
function sumOf({ lines, peak_resident_bytes }: MemoryLedger): string {
  const parts = [...lines]
    .sort((one, other) => other.resident_bytes - one.resident_bytes)
    .map(({ name, resident_bytes }) => `${labelOfLine(name)} ${formatMb(resident_bytes)}`);
  return `${parts.join(" + ")} = ${formatMb(peak_resident_bytes)} MB`;
}

/** Names the limit that applies. Recommends a larger budget only if that would be enough. */
function hintOf(parts: DoesNotFitParts): string {
  const { ledger, changes, programBytes = 0, expectedBytes = 0, expectedFor, deviceMemoryMb } = parts;
  const { spareBytes = Number.POSITIVE_INFINITY, spareSource } = parts;
  const modelBytes = ledger.peak_resident_bytes;
  const neededMb = Math.ceil((modelBytes + programBytes + expectedBytes) / BYTES_PER_MB);
  const described = changes
    .map(
      ({ description, saves_bytes, fits }) =>
        `${description} saves ${formatMb(saves_bytes)} MB${fits ? " and is enough" : " but is not enough alone"}`,
    )
    .join("; ");
  const ending = described === "" ? "." : `, or: ${described}.`;
  if (neededMb > deviceMemoryMb) {
    return `The device has only ${deviceMemoryMb} MB. Use a smaller model, or a device with more memory${ending}`;
  }
  if (modelBytes + expectedBytes > spareBytes) {
    const limit = spareSource == null ? "" : ` (limit: ${spareSource})`;
    const spare = `The device has only ${formatMb(Math.max(0, spareBytes))} MB free for a model${limit}`;
    return `${spare}, so a larger budget does not help. Free memory, or use a smaller model${ending}`;
  }
  const beside = [
    ...(programBytes > 0 ? ["the program"] : []),
    ...(expectedBytes > 0 ? [`about ${formatMb(expectedBytes)} MB for ${expectedFor}`] : []),
  ].join(" and ");
  const budget = `Allow it ${neededMb} MB${beside === "" ? "" : `, including ${beside}`}`;
  return described === "" ? `${budget}, or use a smaller model.` : `${budget}${ending}`;
}
