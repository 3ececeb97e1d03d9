import { checkValue } from "./check-value.js";
import { type Conjunction, conjunctionOf, withAlternative } from "./conjunction.js";
import { allowedTypes, arrayDemands, largest, numberDemands, objectDemands, smallest, workOf } from "./demands.js";
import { ceilAt, floorAt } from "./exact-decimal.js";
import type { JsonType, SchemaNode } from "./schema-node.js";

/** Most steps of all proofs together: a `oneOf` needs one proof for each pair of its alternatives. */
const MAX_PROOF_STEPS = 200_000;
/** Deepest level that is compared. Alternatives rarely differ only below it. */
const MAX_PROOF_LEVELS = 8;

/** Detects most contradictions between schemas. Use one instance per schema document: the step limit is shared. */
export class EmptinessProver {
  #steps = 0;

  /** Whether no value can satisfy `conjunction`. Also false when that cannot be proved. */
  isEmpty(conjunction: Conjunction | null, levels = 0): boolean {
    if (conjunction === null) return true;
    const { own } = conjunction;
    this.#steps += 1 + workOf(own);
    if (this.#steps > MAX_PROOF_STEPS || levels > MAX_PROOF_LEVELS) return false;
    if (this.#isEmptyItself(own, levels)) return true;
    const [choice] = conjunction.choices;
    if (choice === undefined) return false;
    return choice.node[choice.keyword].every((alternative) =>
      this.isEmpty(withAlternative(conjunction, alternative), levels + 1),
    );
  }

  #isEmptyItself(own: readonly SchemaNode[], levels: number): boolean {
    const lists = own.flatMap(({ values }) => (values === null ? [] : [values]));
    const [values] = lists;
    if (values !== undefined) return !values.some((value) => own.every((node) => checkValue(node, value).length === 0));
    return [...allowedTypes(own)].every((type) => this.#allowsNone(type, own, levels));
  }

  #allowsNone(type: JsonType, own: readonly SchemaNode[], levels: number): boolean {
    if (type === "number" || type === "integer") return allowsNoNumber(own, type === "integer");
    if (type === "string")
      return largest(own, ({ minLength }) => minLength) > smallest(own, ({ maxLength }) => maxLength);
    if (type === "array") return this.#allowsNoArray(own, levels);
    return type === "object" && this.#allowsNoObject(own, levels);
  }

  #allowsNoArray(own: readonly SchemaNode[], levels: number): boolean {
    const { prefix, rest, minItems, maxItems } = arrayDemands(own);
    if (minItems > maxItems) return true;
    if (minItems > prefix.length && rest !== null && this.isEmpty(conjunctionOf(rest), levels + 1)) return true;
    return prefix.slice(0, minItems).some((schemas) => this.isEmpty(conjunctionOf(schemas), levels + 1));
  }

  #allowsNoObject(own: readonly SchemaNode[], levels: number): boolean {
    const { properties, minProperties, maxProperties } = objectDemands(own);
    if (minProperties > maxProperties) return true;
    return properties.some(
      ({ schemas, required, allowed }) => required && (!allowed || this.isEmpty(conjunctionOf(schemas), levels + 1)),
    );
  }
}

function allowsNoNumber(own: readonly SchemaNode[], integer: boolean): boolean {
  const { minimum, maximum } = numberDemands(own);
  if (minimum === null || maximum === null) return false;
  if (minimum.value > maximum.value) return true;
  if (minimum.value === maximum.value && (minimum.exclusive || maximum.exclusive)) return true;
  if (!integer) return false;
  const first = minimum.exclusive ? floorAt(minimum.value, 0) + 1n : ceilAt(minimum.value, 0);
  const last = maximum.exclusive ? ceilAt(maximum.value, 0) - 1n : floorAt(maximum.value, 0);
  return first > last;
}
