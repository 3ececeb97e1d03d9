import { TemplateError } from "./template-error.js";
import type { Token } from "./template-lexer.js";
import type { Arguments, Expression, FilterStep } from "./template-syntax.js";

/** Most nested expressions and blocks. Each uses stack here and when rendered. */
const MAX_DEPTH = 150;

const constants: Readonly<Record<string, boolean | null>> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
};
const comparisons: ReadonlySet<string> = new Set(["==", "!=", "<", "<=", ">", ">="]);
/** Words after a test that are not its argument. */
const noArgument: ReadonlySet<string> = new Set(["else", "or", "and", "if", "is", "in", "not", "recursive"]);

/** Parses expressions from tokens, with Jinja's operator precedence. */
export class ExpressionParser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  protected get token(): Token {
    return this.#tokens[this.#at] ?? { kind: "end", value: "", line: 0 };
  }

  protected next(): Token {
    const { token } = this;
    this.#at += 1;
    return token;
  }

  protected fail(problem: string): never {
    throw new TemplateError(`line ${this.token.line}: ${problem}`);
  }

  protected take(kind: Token["kind"]): Token {
    const { token } = this;
    return token.kind === kind ? this.next() : this.fail(`"${token.value || token.kind}" is unexpected`);
  }

  protected name(): string {
    return this.take("name").value;
  }

  protected isOperator(sign: string): boolean {
    return this.token.kind === "operator" && this.token.value === sign;
  }

  protected skipOperator(sign: string): boolean {
    if (!this.isOperator(sign)) return false;
    this.next();
    return true;
  }

  protected operator(sign: string): void {
    if (!this.skipOperator(sign)) this.fail(`"${sign}" is missing`);
  }

  protected skipName(name: string): boolean {
    if (this.token.kind !== "name" || this.token.value !== name) return false;
    this.next();
    return true;
  }

  protected within<Result>(read: () => Result): Result {
    if (++this.#depth > MAX_DEPTH) this.fail("the template is nested too deeply");
    const result = read();
    this.#depth -= 1;
    return result;
  }

  /** Parses one expression, or a tuple of several separated by commas. */
  protected tuple({ isTernary = true, ends = [] as readonly string[] } = {}): Expression {
    const read = () => (isTernary ? this.expression() : this.within(() => this.#or()));
    const first = read();
    if (!this.isOperator(",")) return first;
    const items = [first];
    while (this.skipOperator(",")) {
      const { kind, value } = this.token;
      if (kind === "variable-end" || kind === "block-end" || value === ")" || ends.includes(value)) break;
      items.push(read());
    }
    return { type: "tuple", items };
  }

  expression(): Expression {
    return this.within(() => {
      let value = this.#or();
      while (this.skipName("if")) {
        const test = this.#or();
        const otherwise = this.skipName("else") ? this.expression() : null;
        value = { type: "ternary", test, value, otherwise };
      }
      return value;
    });
  }

  #or(): Expression {
    let left = this.#and();
    while (this.skipName("or")) left = { type: "binary", operator: "or", left, right: this.#and() };
    return left;
  }

  #and(): Expression {
    let left = this.#not();
    while (this.skipName("and")) left = { type: "binary", operator: "and", left, right: this.#not() };
    return left;
  }

  #not(): Expression {
    if (this.skipName("not")) return this.within(() => ({ type: "unary", operator: "not", of: this.#not() }));
    return this.#compare();
  }

  #compare(): Expression {
    const first = this.#sum();
    const rest: { operator: string; value: Expression }[] = [];
    for (;;) {
      const { kind, value } = this.token;
      if (kind === "operator" && comparisons.has(value)) this.next();
      else if (kind === "name" && value === "in") this.next();
      else if (kind === "name" && value === "not" && this.#tokens[this.#at + 1]?.value === "in") this.#at += 2;
      else break;
      rest.push({ operator: value === "not" ? "not in" : value, value: this.#sum() });
    }
    return rest.length === 0 ? first : { type: "compare", first, rest };
  }

  #binary(signs: readonly string[], operand: () => Expression): Expression {
    let left = operand();
    while (this.token.kind === "operator" && signs.includes(this.token.value)) {
      const operator = this.next().value;
      left = { type: "binary", operator, left, right: operand() };
    }
    return left;
  }

  #sum(): Expression {
    return this.#binary(["+", "-"], () =>
      this.#binary(["~"], () => this.#binary(["*", "/", "//", "%"], () => this.#binary(["**"], () => this.#unary()))),
    );
  }

  #unary(withFilter = true): Expression {
    let value: Expression;
    const { kind, value: sign } = this.token;
    if (kind === "operator" && (sign === "-" || sign === "+")) {
      this.next();
      value = this.within(() => ({ type: "unary", operator: sign, of: this.#unary(false) }));
    } else value = this.#postfix(this.#primary());
    return withFilter ? this.#filtered(value) : value;
  }

  #primary(): Expression {
    const token = this.next();
    switch (token.kind) {
      case "name":
        if (Object.hasOwn(constants, token.value)) return { type: "constant", value: constants[token.value] ?? null };
        return { type: "name", name: token.value };
      case "text": {
        let { value } = token;
        while (this.token.kind === "text") value += this.next().value;
        return { type: "constant", value };
      }
      case "integer":
        return { type: "constant", value: Number(token.value) };
      case "float":
        return { type: "constant", value: Number(token.value), isFloat: true };
      case "operator":
        if (token.value === "(") return this.#inParentheses();
        if (token.value === "[") return { type: "list", items: this.#items("]", () => this.expression()) };
        if (token.value === "{") {
          const pair = (): [Expression, Expression] => {
            const key = this.expression();
            this.operator(":");
            return [key, this.expression()];
          };
          return { type: "dict", items: this.#items("}", pair) };
        }
    }
    this.#at -= 1;
    return this.fail(`"${token.value || token.kind}" is unexpected`);
  }

  #inParentheses(): Expression {
    if (this.skipOperator(")")) return { type: "tuple", items: [] };
    const value = this.within(() => this.tuple());
    this.operator(")");
    return value;
  }

  #items<Item>(end: string, read: () => Item): Item[] {
    const items: Item[] = [];
    while (!this.skipOperator(end)) {
      if (items.length > 0) this.operator(",");
      if (this.skipOperator(end)) break;
      items.push(read());
    }
    return items;
  }

  #postfix(given: Expression): Expression {
    let value = given;
    for (let parts = 0; ; parts++) {
      if (parts > MAX_DEPTH) this.fail("the template is nested too deeply");
      if (this.skipOperator(".")) {
        const { kind, value: name } = this.next();
        if (kind === "name") value = { type: "attribute", of: value, name };
        else if (kind === "integer")
          value = { type: "item", of: value, key: { type: "constant", value: Number(name) } };
        else this.fail("a name is missing after a dot");
      } else if (this.skipOperator("[")) value = this.#subscript(value);
      else if (this.isOperator("(")) value = { type: "call", callee: value, args: this.#arguments() };
      else return value;
    }
  }

  #subscript(of: Expression): Expression {
    const bounds: (Expression | null)[] = [];
    let bound: Expression | null = null;
    let isSlice = false;
    while (!this.skipOperator("]")) {
      if (this.skipOperator(":")) {
        isSlice = true;
        bounds.push(bound);
        bound = null;
      } else if (bound === null) bound = this.expression();
      else this.fail('"]" is missing');
    }
    if (isSlice) return { type: "slice", of, bounds: [...bounds, bound] };
    return bound === null ? this.fail("an index is missing") : { type: "item", of, key: bound };
  }

  #filtered(given: Expression): Expression {
    let value = given;
    for (let parts = 0; ; parts++) {
      if (parts > MAX_DEPTH) this.fail("the template is nested too deeply");
      if (this.skipOperator("|")) value = { type: "filter", of: value, ...this.filterStep() };
      else if (this.skipName("is")) value = this.#test(value);
      else if (this.isOperator("(")) value = { type: "call", callee: value, args: this.#arguments() };
      else return value;
    }
  }

  protected filterStep(): FilterStep {
    return { name: this.#dottedName(), args: this.isOperator("(") ? this.#arguments() : { positional: [], named: [] } };
  }

  #test(of: Expression): Expression {
    const isNegated = this.skipName("not");
    const name = comparisons.has(this.token.value) ? this.next().value : this.#dottedName();
    const { kind, value } = this.token;
    let args: Arguments = { positional: [], named: [] };
    if (kind === "operator" && value === "(") args = this.#arguments();
    else if (
      (kind === "name" && !noArgument.has(value)) ||
      ["text", "integer", "float"].includes(kind) ||
      (kind === "operator" && (value === "[" || value === "{"))
    ) {
      const argument = this.#postfix(this.#primary());
      args = { positional: [{ value: argument, isSpread: false }], named: [] };
    }
    return { type: "test", of, name, args, isNegated };
  }

  #dottedName(): string {
    let name = this.name();
    while (this.skipOperator(".")) name += `.${this.name()}`;
    return name;
  }

  #arguments(): Arguments {
    const args: Arguments = { positional: [], named: [] };
    this.operator("(");
    let count = 0;
    while (!this.skipOperator(")")) {
      if (count++ > 0) this.operator(",");
      if (this.skipOperator(")")) break;
      if (this.skipOperator("**")) args.named.push({ name: null, value: this.expression() });
      else if (this.skipOperator("*")) args.positional.push({ value: this.expression(), isSpread: true });
      else if (
        this.token.kind === "name" &&
        this.#tokens[this.#at + 1]?.value === "=" &&
        this.#tokens[this.#at + 1]?.kind === "operator"
      ) {
        const name = this.name();
        this.operator("=");
        args.named.push({ name, value: this.expression() });
      } else args.positional.push({ value: this.expression(), isSpread: false });
    }
    return args;
  }
}
