import { keyOf } from "./python-methods.js";
import {
  Attributes,
  Callable,
  type Dict,
  Float,
  isEqual,
  isTrue,
  numberOf,
  requireItems,
  Tuple,
  textOf,
  typeOf,
  type Value,
} from "./python-value.js";
import { TemplateError } from "./template-error.js";
import { applyFilter } from "./template-filters.js";
import type { TemplateMeter } from "./template-meter.js";
import { TemplateScope } from "./template-scope.js";
import type { Arguments, Expression, FilterStep, Parameter, Statement, Target } from "./template-syntax.js";
import { passesTest } from "./template-tests.js";
import { attributeOf, combine, compares, itemOf, partOf } from "./value-operations.js";

/** Steps that a loop iteration costs, including its `loop` object. */
const STEPS_PER_ROUND = 8;

type LoopEnd = "break" | "continue" | null;
type ForStatement = Extract<Statement, { type: "for" }>;

/** Runs a parsed template. Throws {@link TemplateError}. */
export class TemplateRunner {
  readonly #meter: TemplateMeter;
  #output = "";
  /** How the current loop is being left, or null. */
  #loopEnd: LoopEnd = null;

  constructor(meter: TemplateMeter) {
    this.#meter = meter;
  }

  /** Returns the text that the statements write. */
  write(body: readonly Statement[], scope: TemplateScope): string {
    const outer = this.#output;
    this.#output = "";
    try {
      this.#run(body, scope);
      return this.#output;
    } finally {
      this.#output = outer;
    }
  }

  #add(text: string): void {
    this.#meter.write(text.length);
    this.#output += text;
    // Only the growth counts toward the total; the whole length counts toward the limit of a single text.
    if (this.#output.length > 2 ** 25) this.#meter.write(this.#output.length);
  }

  #run(body: readonly Statement[], scope: TemplateScope): void {
    this.#meter.enter();
    for (const statement of body) {
      this.#meter.step();
      this.#statement(statement, scope);
      if (this.#loopEnd !== null) break;
    }
    this.#meter.leave();
  }

  #statement(statement: Statement, scope: TemplateScope): void {
    switch (statement.type) {
      case "data":
        this.#add(statement.text);
        return;
      case "output":
        this.#add(textOf(this.#evaluate(statement.value, scope), this.#meter));
        return;
      case "if": {
        const branch = statement.branches.find(({ test }) => isTrue(this.#evaluate(test, scope)));
        this.#run(branch?.body ?? statement.otherwise, scope);
        return;
      }
      case "for":
        this.#for(statement, this.#evaluate(statement.items, scope), scope, 0);
        return;
      case "set":
        this.#assign(statement.target, this.#evaluate(statement.value, scope), scope);
        return;
      case "set-block": {
        const text = this.write(statement.body, new TemplateScope(scope));
        this.#assign(statement.target, this.#filterAll(text, statement.filters, scope), scope);
        return;
      }
      case "macro":
        scope.set(statement.name, this.#macro(statement.name, statement.parameters, statement.body, scope));
        return;
      case "call-block": {
        const caller = this.#macro("caller", statement.parameters, statement.body, scope);
        const { call } = statement;
        if (call.type !== "call") throw new TemplateError("a call block needs a call");
        const [args, named] = this.#arguments(call.args, scope);
        named.set("caller", caller);
        this.#add(textOf(this.#call(this.#evaluate(call.callee, scope), args, named), this.#meter));
        return;
      }
      case "filter-block": {
        const text = this.write(statement.body, new TemplateScope(scope));
        this.#add(textOf(this.#filterAll(text, statement.filters, scope), this.#meter));
        return;
      }
      case "with": {
        const inner = new TemplateScope(scope);
        for (const { target, value } of statement.values) this.#assign(target, this.#evaluate(value, scope), inner);
        this.#run(statement.body, inner);
        return;
      }
      case "scope":
        this.#run(statement.body, new TemplateScope(scope));
        return;
      case "do":
        this.#evaluate(statement.value, scope);
        return;
      case "break":
      case "continue":
        this.#loopEnd = statement.type;
    }
  }

  #for(statement: ForStatement, iterable: Value, scope: TemplateScope, depth: number): void {
    const { target, test, body, otherwise } = statement;
    let items: readonly Value[] = requireItems(iterable, this.#meter);
    if (test !== null) {
      items = items.filter((item) => {
        const inner = new TemplateScope(scope);
        this.#assign(target, item, inner);
        return isTrue(this.#evaluate(test, inner));
      });
    } else items = [...items];
    if (items.length === 0) {
      this.#run(otherwise, new TemplateScope(scope));
      return;
    }
    this.#meter.step(items.length * STEPS_PER_ROUND);
    let changed: Value[] | null = null;
    const isChanged = new Callable((args) => {
      const isSame = changed !== null && isEqual(changed, args, this.#meter);
      changed = args;
      return !isSame;
    });
    for (const [index, item] of items.entries()) {
      const inner = new TemplateScope(scope);
      const values = new Map<string, Value>([
        ["index", index + 1],
        ["index0", index],
        ["revindex", items.length - index],
        ["revindex0", items.length - index - 1],
        ["first", index === 0],
        ["last", index === items.length - 1],
        ["length", items.length],
        ["depth", depth + 1],
        ["depth0", depth],
        ["previtem", items[index - 1]],
        ["nextitem", items[index + 1]],
        ["cycle", new Callable((args) => args[index % args.length])],
        ["changed", isChanged],
      ]);
      const again = ([more]: Value[]) => this.#written(() => this.#for(statement, more, scope, depth + 1));
      inner.set("loop", new Attributes(values, statement.isRecursive ? again : null));
      this.#assign(target, item, inner);
      this.#run(body, inner);
      const end = this.#loopEnd;
      this.#loopEnd = null;
      if (end === "break") break;
    }
  }

  #written(task: () => void): string {
    const outer = this.#output;
    this.#output = "";
    try {
      this.#meter.within(task);
      return this.#output;
    } finally {
      this.#output = outer;
    }
  }

  #assign(target: Target, value: Value, scope: TemplateScope): void {
    if (target.type === "name") {
      scope.set(target.name, value);
      return;
    }
    if (target.type === "attribute") {
      const object = scope.get(target.of);
      if (!(object instanceof Attributes)) throw new TemplateError(`"${target.of}" has no attributes that can be set`);
      object.values.set(target.name, value);
      return;
    }
    const items = requireItems(value, this.#meter);
    if (items.length !== target.items.length) {
      throw new TemplateError(`${items.length} values for ${target.items.length} names`);
    }
    for (const [index, part] of target.items.entries()) this.#assign(part, items[index], scope);
  }

  #macro(name: string, parameters: readonly Parameter[], body: readonly Statement[], scope: TemplateScope): Callable {
    return new Callable((args, named) => {
      const inner = new TemplateScope(scope);
      const left = new Map(named);
      for (const [index, { name: parameter, standard }] of parameters.entries()) {
        let value = index < args.length ? args[index] : left.get(parameter);
        if (index >= args.length && !left.has(parameter) && standard !== null) value = this.#evaluate(standard, inner);
        left.delete(parameter);
        inner.set(parameter, value);
      }
      inner.set("caller", left.get("caller"));
      left.delete("caller");
      inner.set("varargs", Tuple.of(...args.slice(parameters.length)));
      inner.set("kwargs", new Map(left));
      const isRead = (word: string) => JSON.stringify(body).includes(`{"type":"name","name":"${word}"}`);
      if (args.length > parameters.length && !isRead("varargs"))
        throw new TemplateError(`too many values for "${name}"`);
      if (left.size > 0 && !isRead("kwargs"))
        throw new TemplateError(`"${name}" does not accept "${[...left.keys()][0]}"`);
      return this.#meter.within(() => this.write(body, inner));
    });
  }

  #filterAll(given: Value, steps: readonly FilterStep[], scope: TemplateScope): Value {
    let value = given;
    for (const { name, args } of steps) {
      const [positional, named] = this.#arguments(args, scope);
      value = applyFilter(name, value, { positional, named }, this.#meter);
    }
    return value;
  }

  #arguments({ positional, named }: Arguments, scope: TemplateScope): [Value[], Map<string, Value>] {
    const values: Value[] = [];
    for (const { value, isSpread } of positional) {
      const given = this.#evaluate(value, scope);
      if (!isSpread) values.push(given);
      else for (const item of requireItems(given, this.#meter)) values.push(item);
    }
    const names = new Map<string, Value>();
    for (const { name, value } of named) {
      const given = this.#evaluate(value, scope);
      if (name !== null) names.set(name, given);
      else if (given instanceof Map) for (const [key, item] of given) names.set(String(key), item);
      else throw new TemplateError(`${typeOf(given)} is not a mapping`);
    }
    return [values, names];
  }

  #call(callee: Value, args: Value[], named: Map<string, Value>): Value {
    this.#meter.step(args.length);
    const call = callee instanceof Callable || callee instanceof Attributes ? callee.call : null;
    if (call === null) throw new TemplateError(`${typeOf(callee)} cannot be called`);
    return this.#meter.within(() => call(args, named));
  }

  #evaluate(expression: Expression, scope: TemplateScope): Value {
    this.#meter.step();
    this.#meter.enter();
    const value = this.#valueOf(expression, scope);
    this.#meter.leave();
    return value;
  }

  #valueOf(expression: Expression, scope: TemplateScope): Value {
    const read = (part: Expression) => this.#evaluate(part, scope);
    switch (expression.type) {
      case "constant": {
        const { value, isFloat } = expression;
        return isFloat === true && typeof value === "number" ? new Float(value) : value;
      }
      case "name":
        return scope.get(expression.name);
      case "list":
        return expression.items.map(read);
      case "tuple":
        return Tuple.of(...expression.items.map(read));
      case "dict": {
        const dict: Dict = new Map();
        for (const [key, value] of expression.items) dict.set(keyOf(read(key)), read(value));
        return dict;
      }
      case "attribute":
        return attributeOf(read(expression.of), expression.name, this.#meter);
      case "item":
        return itemOf(read(expression.of), read(expression.key), this.#meter);
      case "slice":
        return partOf(
          read(expression.of),
          expression.bounds.map((bound) => (bound === null ? null : read(bound))),
          this.#meter,
        );
      case "call": {
        const callee = read(expression.callee);
        const [args, named] = this.#arguments(expression.args, scope);
        return this.#call(callee, args, named);
      }
      case "filter": {
        const value = read(expression.of);
        return this.#filterAll(value, [expression], scope);
      }
      case "test": {
        const value = read(expression.of);
        const [args] = this.#arguments(expression.args, scope);
        return passesTest(expression.name, value, args, this.#meter) !== expression.isNegated;
      }
      case "unary": {
        const value = read(expression.of);
        if (expression.operator === "not") return !isTrue(value);
        const number = numberOf(value);
        if (number === null) throw new TemplateError(`${typeOf(value)} is not a number`);
        const signed = expression.operator === "-" ? -number : number;
        return value instanceof Float ? new Float(signed) : signed || 0;
      }
      case "binary": {
        const left = read(expression.left);
        if (expression.operator === "and") return isTrue(left) ? read(expression.right) : left;
        if (expression.operator === "or") return isTrue(left) ? left : read(expression.right);
        return combine(expression.operator, left, read(expression.right), this.#meter);
      }
      case "compare": {
        let left = read(expression.first);
        for (const { operator, value } of expression.rest) {
          const right = read(value);
          if (!compares(operator, left, right, this.#meter)) return false;
          left = right;
        }
        return true;
      }
      case "ternary":
        if (isTrue(read(expression.test))) return read(expression.value);
        return expression.otherwise === null ? undefined : read(expression.otherwise);
    }
  }
}
