import { BYTES_PER_MB, type FitChange, type MemoryLedger, NanoAgentError } from "@nanoagent/models";
import { formatMb } from "./format-mb.js";

/** Facts that {@link DoesNotFitError} names. */
export interface DoesNotFitParts {
  path: string;
  contextTokens: number;
  budgetBytes: number;
  /** Memory of the agent's budget that the program takes itself. Default: 0. */
  programBytes?: number | undefined;
  /** Memory that processes which are yet to start will take of it. Default: 0. */
  expectedBytes?: number | undefined;
  /** Those processes, in words: `its 2 MCP servers`. */
  expectedFor?: string | undefined;
  /** Memory that the device can spare for the model, in bytes: no budget makes it more. Default: no limit. */
  spareBytes?: number | undefined;
  /** Limit that `spareBytes` is under, in words. Default: none. */
  spareSource?: string | null | undefined;
  /** Memory of the device in MB of 2^20 bytes: no budget can be larger. */
  deviceMemoryMb: number;
  ledger: MemoryLedger;
  changes: readonly FitChange[];
}

/**
 * Code `does-not-fit`: a model takes more memory than it may. `ledger` lists what it takes, `budget_bytes` is what it may
 * take, and `changes` would help, the cheapest first. Nothing was allocated.
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
        `${path} takes ${formatMb(ledger.peak_resident_bytes)} MB with a context of ${contextTokens} tokens, and may ` +
        `take ${formatMb(Math.max(0, budgetBytes))} MB: ${sumOf(ledger)}.` +
        (programBytes > 0 && budgetBytes < spareBytes
          ? ` ${formatMb(programBytes)} MB of the agent's memory are set aside for the program.`
          : ""),
      hint: hintOf(parts),
    });
    this.budget_bytes = budgetBytes;
    this.ledger = ledger;
    this.changes = changes;
  }

  /** The error as plain data, with the sum and the ways out. */
  override toJSON() {
    return { ...super.toJSON(), budget_bytes: this.budget_bytes, ledger: this.ledger, changes: this.changes };
  }
}

/** `weights 92.1 + kv-cache 45.0 + … = 207.8 MB`, the largest first. */
function sumOf({ lines, peak_resident_bytes }: MemoryLedger): string {
  const parts = [...lines]
    .sort((one, other) => other.resident_bytes - one.resident_bytes)
    .map(({ name, resident_bytes }) => `${name} ${formatMb(resident_bytes)}`);
  return `${parts.join(" + ")} = ${formatMb(peak_resident_bytes)} MB`;
}

/** Names what binds. A budget is only asked for where it would be enough. */
function hintOf(parts: DoesNotFitParts): string {
  const { ledger, changes, programBytes = 0, expectedBytes = 0, expectedFor, deviceMemoryMb } = parts;
  const { spareBytes = Number.POSITIVE_INFINITY, spareSource } = parts;
  const modelBytes = ledger.peak_resident_bytes;
  const neededMb = Math.ceil((modelBytes + programBytes + expectedBytes) / BYTES_PER_MB);
  const described = changes
    .map(
      ({ description, saves_bytes, fits }) =>
        `${description} saves ${formatMb(saves_bytes)} MB${fits ? " and is enough" : ", which is not enough alone"}`,
    )
    .join("; ");
  const ending = described === "" ? "." : `, or: ${described}.`;
  if (neededMb > deviceMemoryMb) {
    return `The device has only ${deviceMemoryMb} MB. Take a smaller model, or a device with more memory${ending}`;
  }
  if (modelBytes + expectedBytes > spareBytes) {
    const limit = spareSource == null ? "" : `, under ${spareSource}`;
    const spare = `The device can spare ${formatMb(Math.max(0, spareBytes))} MB for a model${limit}: a larger budget does not help.`;
    return `${spare} Free memory, or take a smaller model${ending}`;
  }
  const beside = [
    ...(programBytes > 0 ? ["the program"] : []),
    ...(expectedBytes > 0 ? [`about ${formatMb(expectedBytes)} MB for ${expectedFor}`] : []),
  ].join(" and ");
  const budget = `Allow it ${neededMb} MB${beside === "" ? "" : ` with ${beside}`}`;
  return described === "" ? `${budget}, or take a smaller model.` : `${budget}${ending}`;
}
