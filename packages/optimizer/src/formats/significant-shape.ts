/**
 * A tensor's shape without the ones at its end, which say nothing: `[576, 49152, 1, 1]` is a matrix. At least a row.
 */
export function significantShape(shape: readonly number[]): readonly number[] {
  const last = shape.findLastIndex((length) => length !== 1);
  return shape.slice(0, Math.max(1, last + 1));
}
