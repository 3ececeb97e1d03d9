/** Rounds up to a multiple. */
export function padTo(bytes: number, multiple: number): number {
  return Math.ceil(bytes / multiple) * multiple;
}
