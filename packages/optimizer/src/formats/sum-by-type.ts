import type { TensorTypeTotal } from "@nanoagent/models";

/** Returns the number of tensors and their bytes by type. */
export function sumByType(tensors: Iterable<{ type: string; bytes: number }>): Record<string, TensorTypeTotal> {
  const totals = new Map<string, TensorTypeTotal>();
  for (const { type, bytes } of tensors) {
    const total = totals.get(type) ?? { count: 0, bytes: 0 };
    totals.set(type, { count: total.count + 1, bytes: total.bytes + bytes });
  }
  return Object.fromEntries(totals);
}
