import { checkValue } from "../../../json-schema/check-value.js";
import {
  type Conjunction,
  conjunctionOf,
  type SchemaChoice,
  withAlternative,
} from "../../../json-schema/conjunction.js";
import { allowedTypes, numberDemands, workOf } from "../../../json-schema/demands.js";
import { EmptinessProver } from "../../../json-schema/emptiness-prover.js";
import { MAX_RECURSION, MAX_VALUE_LEVELS, MAX_WORK } from "../../../json-schema/grammar-limits.js";
import { readSchema } from "../../../json-schema/read-schema.js";
import { resolveJsonSchema } from "../../../json-schema/resolve-json-schema.js";
import type { JsonType, SchemaNode } from "../../../json-schema/schema-node.js";
import { SchemaNotSupportedError } from "../../../json-schema/schema-not-supported-error.js";
import { GrammarRules } from "./rules/grammar-rules.js";
import { writeAnyValue } from "./rules/write-any-value.js";
import { writeArray } from "./rules/write-array.js";
import { writeNumber } from "./rules/write-number.js";
import { writeObject } from "./rules/write-object.js";
import { writeString } from "./rules/write-string.js";
import { writeValues } from "./rules/write-values.js";

/**
 * Returns a grammar for llama.cpp that only produces JSON that satisfies `schema`: a JSON Schema (draft 2020-12), or a
 * Standard Schema that contains one. The grammar is finite, so a reply ends given enough tokens.
 *
 * - It may allow less than the schema. Properties are in the order of their declaration, and only declared ones unless
 *   `additionalProperties` allows others or none is declared; a tuple has no further items unless `items` defines them.
 *   Strings, lists and recursion are limited, by `grammar-limits.ts` where the schema has no limit. A number has at
 *   most 15 significant digits, or is an integer up to 2^53 - 1. A schema without `type` has the types that its other
 *   keywords apply to.
 * - White space is one space after `:` and `,`.
 * - `format` is enforced for `date`, `time`, `date-time`, `uuid` and `ipv4`, and ignored otherwise.
 * - Schemas that cannot be enforced throw {@link SchemaNotSupportedError}: `not`, `if`, `pattern` and similar; a
 *   `oneOf` whose alternatives may overlap; a `multipleOf` that is not a power of ten; a schema that nothing satisfies;
 *   and one that exceeds a limit.
 */
export function schemaToGrammar(schema: unknown): string {
  return new GrammarCompiler().compile(readSchema(resolveJsonSchema(schema)));
}

class GrammarCompiler {
  readonly #rules = new GrammarRules();
  /** Rules by conjunction and, where it matters, by the remaining recursion depth. */
  readonly #known = new Map<string, string | null>();
  /** First place that could not be written. */
  #contradiction: SchemaNode | null = null;
  readonly #prover = new EmptinessProver();
  /** Conjunctions whose alternatives are known to be mutually exclusive. */
  readonly #exclusive = new Set<string>();
  #levels = 0;
  #work = 0;

  compile(schema: SchemaNode): string {
    const start = this.#write(conjunctionOf([schema]), MAX_RECURSION);
    if (start !== null) return this.#rules.toText(start);
    const { path } = this.#contradiction ?? schema;
    throw SchemaNotSupportedError.at({ path, keyword: null, what: "allows no value of finite size" });
  }

  /** Returns the name of a rule for the values that satisfy `conjunction`, or null if there are none. */
  #write(conjunction: Conjunction | null, recursion: number): string | null {
    if (conjunction === null) return null;
    const left = conjunction.recursive ? recursion - 1 : recursion;
    const nodes = [...conjunction.own, ...conjunction.choices.map(({ node }) => node)];
    const key = nodes.some(({ leadsToRecursion }) => leadsToRecursion) ? `${conjunction.key}@${left}` : conjunction.key;
    const known = this.#known.get(key);
    this.#work += 1;
    if (known !== undefined) return known;
    this.#work += workOf(conjunction.own);
    if (this.#work > MAX_WORK) throw tooComplex("has too many combinations");
    if (this.#levels >= MAX_VALUE_LEVELS) throw tooComplex(`nests values deeper than ${MAX_VALUE_LEVELS} levels`);
    this.#levels += 1;
    const alternatives = left < 0 ? [] : this.#alternatives(conjunction, left);
    this.#levels -= 1;
    const rule = alternatives.length === 0 ? null : this.#rules.define("value", ...new Set(alternatives));
    if (rule === null) this.#contradiction ??= conjunction.own[0] ?? conjunction.choices[0]?.node ?? null;
    this.#known.set(key, rule);
    return rule;
  }

  #alternatives(conjunction: Conjunction, recursion: number): string[] {
    const [choice] = conjunction.choices;
    if (choice === undefined) return this.#values(conjunction.own, recursion);
    if (choice.keyword === "oneOf") this.#refuseOverlap(conjunction, choice);
    return choice.node[choice.keyword].flatMap(
      (alternative) => this.#write(withAlternative(conjunction, alternative), recursion) ?? [],
    );
  }

  #refuseOverlap(conjunction: Conjunction, choice: SchemaChoice): void {
    if (this.#exclusive.has(conjunction.key)) return;
    const schemas = choice.node.oneOf;
    for (const [index, schema] of schemas.entries()) {
      const one = withAlternative(conjunction, schema);
      if (one === null) continue;
      const oneAndChoice = { ...one, choices: [choice, ...one.choices] };
      for (const other of schemas.slice(index + 1)) {
        if (this.#prover.isEmpty(withAlternative(oneAndChoice, other))) continue;
        throw SchemaNotSupportedError.at({
          path: choice.node.path,
          keyword: "oneOf",
          what: "has alternatives that may overlap",
          hint: "Use anyOf, or give each alternative a required property with its own const.",
        });
      }
    }
    this.#exclusive.add(conjunction.key);
  }

  #values(own: readonly SchemaNode[], recursion: number): string[] {
    const lists = own.flatMap(({ values }) => (values === null ? [] : [values]));
    if (lists[0] !== undefined) {
      const values = lists[0].filter((value) => own.every((node) => checkValue(node, value).length === 0));
      return values.length === 0 ? [] : [writeValues(this.#rules, values)];
    }
    if (own.length === 0) return [writeAnyValue(this.#rules)];
    return [...writableTypes(own)].flatMap((type) => this.#ofType(type, own, recursion));
  }

  #ofType(type: JsonType, own: readonly SchemaNode[], recursion: number): string[] {
    const inner = (schemas: readonly SchemaNode[]) => this.#write(conjunctionOf(schemas), recursion);
    switch (type) {
      case "null":
        return ['"null"'];
      case "boolean":
        return ['"true"', '"false"'];
      case "integer":
      case "number":
        return this.#rule(type, writeNumber(numberDemands(own), type === "integer", own));
      case "string":
        return this.#rule(type, writeString(this.#rules, own));
      case "array":
        return this.#rule(type, writeArray(this.#rules, own, inner));
      case "object":
        return this.#rule(type, writeObject(this.#rules, own, inner));
    }
  }

  #rule(kind: string, alternatives: readonly string[]): string[] {
    return alternatives.length === 0 ? [] : [this.#rules.define(kind, ...alternatives)];
  }
}

/** Types to write: those allowed, or if none is named, those that the keywords apply to. */
function writableTypes(own: readonly SchemaNode[]): Set<JsonType> {
  const types = allowedTypes(own);
  if (own.every((node) => node.types === null)) {
    for (const type of types) if (!own.some(({ impliedTypes }) => impliedTypes.has(type))) types.delete(type);
  }
  if (types.has("number")) types.delete("integer");
  return types;
}

function tooComplex(what: string): SchemaNotSupportedError {
  return SchemaNotSupportedError.at({ path: "", keyword: null, what });
}
