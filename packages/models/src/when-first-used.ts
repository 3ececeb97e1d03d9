/**
 * What `build` makes, made when it is first asked for, and once. Making all schemas takes several times as long as loading
 * what makes them, and a program uses few of them.
 */
export function whenFirstUsed<Value extends object>(build: () => Value): () => Value {
  let value: Value | undefined;
  return () => (value ??= build());
}
