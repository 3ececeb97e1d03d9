import { InvalidModelFileError } from "../invalid-model-file-error.js";
import type { ValueTypeName } from "./gguf-value-types.js";

/** One metadata value. Long texts and long arrays are skipped, and their value is null. */
export type GgufEntry = { readonly offset: number } & (
  | { readonly type: Exclude<ValueTypeName, "array">; readonly value: number | bigint | boolean | string | null }
  | {
      readonly type: "array";
      readonly elementType: ValueTypeName;
      readonly length: number;
      readonly values: readonly (number | bigint | boolean | string)[] | null;
    }
);

/** The metadata of a GGUF file by key. Getters return null for a missing key and throw for a value of another type. */
export class GgufMetadata {
  readonly #path: string;
  readonly #entries = new Map<string, GgufEntry>();

  constructor(path: string) {
    this.#path = path;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  set(key: string, entry: GgufEntry): void {
    this.#entries.set(key, entry);
  }

  keys(): string[] {
    return [...this.#entries.keys()];
  }

  entry(key: string): GgufEntry | null {
    return this.#entries.get(key) ?? null;
  }

  text(key: string): string | null {
    const entry = this.entry(key);
    if (entry === null) return null;
    if (entry.type !== "text") this.fail(key, `is ${describeType(entry)} instead of a text`);
    return entry.value as string | null;
  }

  flag(key: string): boolean | null {
    const entry = this.entry(key);
    if (entry === null) return null;
    if (entry.type !== "bool") this.fail(key, `is ${describeType(entry)} instead of a bool`);
    return entry.value as boolean;
  }

  /** Returns a non-negative integer, stored in any integer type. */
  count(key: string): number | null {
    const entry = this.entry(key);
    if (entry === null) return null;
    if (entry.type === "array") this.fail(key, `is ${describeType(entry)} instead of a number`);
    return this.#count(key, entry.type, entry.value);
  }

  /** Returns a non-negative integer, or an array with one per layer. */
  countPerLayer(key: string): number | readonly number[] | null {
    const entry = this.entry(key);
    if (entry?.type !== "array") return this.count(key);
    if (entry.values === null) this.fail(key, `is ${describeType(entry)} instead of one number per layer`);
    return entry.values.map((value) => this.#count(key, entry.elementType, value));
  }

  /** Returns one flag per layer, stored as bools or numbers; null if there is no such array. */
  flagPerLayer(key: string): readonly boolean[] | null {
    const entry = this.entry(key);
    if (entry?.type !== "array") return null;
    if (entry.values === null) this.fail(key, `is ${describeType(entry)} instead of one flag per layer`);
    return entry.values.map((value) => value === true || (typeof value !== "boolean" && Number(value) !== 0));
  }

  /** Returns the kept texts of an array; empty if there is no such array. */
  texts(key: string): readonly string[] {
    const entry = this.entry(key);
    const values: readonly unknown[] = entry?.type === "array" ? (entry.values ?? []) : [];
    return values.filter((value) => typeof value === "string");
  }

  /** Returns the number of elements of an array. */
  arrayLength(key: string): number | null {
    const entry = this.entry(key);
    if (entry === null) return null;
    if (entry.type !== "array") this.fail(key, `is ${describeType(entry)} instead of an array`);
    return entry.length;
  }

  fail(key: string, problem: string, hint?: string): never {
    const offset = this.entry(key)?.offset ?? 0;
    throw new InvalidModelFileError({ path: this.#path, field: key, offset, problem, hint });
  }

  #count(key: string, type: ValueTypeName, value: unknown): number {
    if (typeof value !== "number" && typeof value !== "bigint") this.fail(key, `is a ${type} instead of a number`);
    const number = Number(value);
    if (!Number.isSafeInteger(number) || number < 0) this.fail(key, `is ${value}, not a count`);
    return number;
  }
}

function describeType(entry: GgufEntry): string {
  if (entry.type === "array") return `an array of ${entry.length} ${entry.elementType} values`;
  return `a ${entry.type}`;
}
