/** Returns a shape without trailing ones, but at least one dimension: `[576, 49152, 1, 1]` is a matrix. */
export function significantShape(shape: readonly number[]): readonly number[] {
  const last = shape.findLastIndex((length) => length !== 1);
  return shape.slice(0, Math.max(1, last + 1));
}
