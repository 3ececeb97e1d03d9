import { ExpressionParser } from "./expression-parser.js";
import { TemplateError } from "./template-error.js";
import { tokenizeTemplate } from "./template-lexer.js";
import type { FilterStep, Parameter, Statement, Target } from "./template-syntax.js";

/** Parses a template. Throws {@link TemplateError} for invalid syntax. */
export function parseTemplate(source: string): Statement[] {
  return new TemplateParser(tokenizeTemplate(source)).parse();
}

/**
 * Blocks that only render their content: training marks, named blocks, and autoescape, which chat templates do not use.
 */
const transparent: ReadonlySet<string> = new Set(["generation", "block", "autoescape"]);

class TemplateParser extends ExpressionParser {
  parse(): Statement[] {
    const body = this.#body([]);
    this.take("end");
    return body;
  }

  /** Parses statements up to a tag with one of these names, or to the end. */
  #body(ends: readonly string[]): Statement[] {
    const body: Statement[] = [];
    return this.within(() => {
      for (;;) {
        const { kind, value } = this.token;
        if (kind === "end") {
          if (ends.length > 0) this.fail(`"${ends.find((name) => name.startsWith("end"))}" is missing`);
          return body;
        }
        this.next();
        if (kind === "data") body.push({ type: "data", text: value });
        else if (kind === "variable-begin") {
          body.push({ type: "output", value: this.tuple() });
          this.take("variable-end");
        } else {
          if (this.token.kind === "name" && ends.includes(this.token.value)) return body;
          const statement = this.#statement();
          if (statement !== null) body.push(statement);
        }
      }
    });
  }

  #statement(): Statement | null {
    const word = this.name();
    switch (word) {
      case "if":
        return this.#if();
      case "for":
        return this.#for();
      case "set":
        return this.#set();
      case "macro": {
        const name = this.name();
        const parameters = this.#parameters();
        return { type: "macro", name, parameters, body: this.#block("endmacro") };
      }
      case "call": {
        const parameters = this.isOperator("(") ? this.#parameters() : [];
        const call = this.expression();
        return { type: "call-block", call, parameters, body: this.#block("endcall") };
      }
      case "filter": {
        const filters = this.#filters(true);
        return { type: "filter-block", filters, body: this.#block("endfilter") };
      }
      case "with":
        return this.#with();
      case "do": {
        const value = this.tuple();
        this.take("block-end");
        return { type: "do", value };
      }
      case "break":
      case "continue":
        this.take("block-end");
        return { type: word };
    }
    if (!transparent.has(word)) return this.fail(`the tag "${word}" is unknown`);
    while (this.token.kind !== "block-end") this.next();
    return { type: "scope", body: this.#block(`end${word}`) };
  }

  /** Parses the rest of a tag, its content, and its end tag. */
  #block(end: string): Statement[] {
    this.take("block-end");
    const body = this.#body([end]);
    this.next();
    while (this.token.kind === "name") this.next();
    this.take("block-end");
    return body;
  }

  #if(): Statement {
    const branches = [];
    let otherwise: Statement[] = [];
    for (;;) {
      const test = this.tuple({ isTernary: true });
      this.take("block-end");
      branches.push({ test, body: this.#body(["elif", "else", "endif"]) });
      const word = this.name();
      if (word === "elif") continue;
      this.take("block-end");
      if (word === "else") {
        otherwise = this.#body(["endif"]);
        this.next();
        this.take("block-end");
      }
      return { type: "if", branches, otherwise };
    }
  }

  #for(): Statement {
    const target = this.#target(["in"]);
    if (!this.skipName("in")) this.fail('"in" is missing');
    const items = this.tuple({ isTernary: false, ends: ["recursive"] });
    const test = this.skipName("if") ? this.expression() : null;
    const isRecursive = this.skipName("recursive");
    this.take("block-end");
    const body = this.#body(["endfor", "else"]);
    let otherwise: Statement[] = [];
    if (this.name() === "else") {
      this.take("block-end");
      otherwise = this.#body(["endfor"]);
      this.next();
    }
    this.take("block-end");
    return { type: "for", target, items, test, isRecursive, body, otherwise };
  }

  #set(): Statement {
    const target = this.#target(["="]);
    if (this.skipOperator("=")) {
      const value = this.tuple();
      this.take("block-end");
      return { type: "set", target, value };
    }
    const filters = this.#filters(false);
    return { type: "set-block", target, filters, body: this.#block("endset") };
  }

  #with(): Statement {
    const values: { target: Target; value: ReturnType<ExpressionParser["expression"]> }[] = [];
    while (this.token.kind !== "block-end") {
      if (values.length > 0) this.operator(",");
      const target: Target = { type: "name", name: this.name() };
      this.operator("=");
      values.push({ target, value: this.expression() });
    }
    return { type: "with", values, body: this.#block("endwith") };
  }

  #target(ends: readonly string[]): Target {
    const items: Target[] = [];
    let isTuple = false;
    for (;;) {
      if (this.skipOperator("(")) {
        items.push(this.#target([")"]));
        this.operator(")");
      } else {
        const name = this.name();
        items.push(
          this.skipOperator(".") ? { type: "attribute", of: name, name: this.name() } : { type: "name", name },
        );
      }
      if (!this.skipOperator(",")) break;
      isTuple = true;
      if (ends.includes(this.token.value)) break;
    }
    const [first] = items;
    return isTuple || first === undefined ? { type: "tuple", items } : first;
  }

  #parameters(): Parameter[] {
    const parameters: Parameter[] = [];
    this.operator("(");
    while (!this.skipOperator(")")) {
      if (parameters.length > 0) this.operator(",");
      if (this.skipOperator(")")) break;
      const name = this.name();
      parameters.push({ name, standard: this.skipOperator("=") ? this.expression() : null });
    }
    return parameters;
  }

  #filters(startsInline: boolean): FilterStep[] {
    const filters: FilterStep[] = [];
    if (startsInline) filters.push(this.filterStep());
    while (this.skipOperator("|")) filters.push(this.filterStep());
    return filters;
  }
}
