/**
 * Returns a function that calls `build` once, on first use. Creating all schemas takes several times as long as loading
 * their code, and a program uses only a few of them.
 */
export function whenFirstUsed<Value extends object>(build: () => Value): () => Value {
  let value: Value | undefined;
  return () => (value ??= build());
}
