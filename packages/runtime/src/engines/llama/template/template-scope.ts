import type { Value } from "./python-value.js";

/** Variables of a block and its enclosing blocks. */
export class TemplateScope {
  readonly #variables = new Map<string, Value>();
  readonly #around: TemplateScope | null;

  constructor(around: TemplateScope | null = null) {
    this.#around = around;
  }

  get(name: string): Value {
    for (let scope: TemplateScope | null = this; scope !== null; scope = scope.#around) {
      if (scope.#variables.has(name)) return scope.#variables.get(name);
    }
    return undefined;
  }

  set(name: string, value: Value): void {
    this.#variables.set(name, value);
  }
}
