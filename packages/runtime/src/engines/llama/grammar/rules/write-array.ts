import { arrayDemands } from "../../../../json-schema/demands.js";
import { DEFAULT_MAX_ITEMS, MAX_ITEMS } from "../../../../json-schema/grammar-limits.js";
import type { SchemaNode } from "../../../../json-schema/schema-node.js";
import { SchemaNotSupportedError } from "../../../../json-schema/schema-not-supported-error.js";
import type { GrammarRules } from "./grammar-rules.js";
import { writeComma } from "./write-separator.js";

/** Returns sequences for the lists that satisfy all of `nodes`. Empty if there are none. */
export function writeArray(
  rules: GrammarRules,
  nodes: readonly SchemaNode[],
  writeValue: (schemas: readonly SchemaNode[]) => string | null,
): string[] {
  const { prefix, rest, minItems, maxItems } = arrayDemands(nodes);
  if (minItems > maxItems) return [];
  if (minItems > MAX_ITEMS) {
    throw refusal(nodes, "minItems", `is above ${MAX_ITEMS}, the longest supported list`);
  }
  let longest = maxItems === Number.POSITIVE_INFINITY ? Math.max(minItems, prefix.length, DEFAULT_MAX_ITEMS) : maxItems;
  longest = Math.min(longest, MAX_ITEMS);
  // A tuple has no further items, unless the schema defines or requires them.
  const isTuple = rest === null && prefix.length > 0 && minItems <= prefix.length;
  if (isTuple) longest = Math.min(longest, prefix.length);
  const first: string[] = [];
  for (const schemas of prefix.slice(0, longest)) {
    const item = writeValue(schemas);
    if (item === null) {
      longest = first.length;
      break;
    }
    first.push(item);
  }
  const other = longest > first.length ? writeValue(rest ?? []) : null;
  if (other === null) longest = first.length;
  if (minItems > longest) return [];
  if (longest === 0) return ['"[]"'];
  const comma = writeComma(rules);
  // From the last item to the first: expression for the items that may follow.
  let after = "";
  if (other !== null && longest > first.length) {
    const written = Math.max(first.length, 1);
    after = rules.repeat(
      rules.define("next-item", `${comma} ${other}`),
      Math.max(minItems - written, 0),
      longest - written,
    );
  }
  for (let index = first.length - 1; index > 0; index--) {
    const next = rules.define("next-items", joined(comma, first[index], after));
    after = index < minItems ? next : `${next}?`;
  }
  const items = joined('"["', first[0] ?? other, after, '"]"');
  return minItems === 0 ? ['"[]"', items] : [items];
}

function joined(...parts: (string | null | undefined)[]): string {
  return parts.filter(Boolean).join(" ");
}

function refusal(nodes: readonly SchemaNode[], keyword: string, what: string): SchemaNotSupportedError {
  const node = nodes.find(({ impliedTypes }) => impliedTypes.has("array"));
  return SchemaNotSupportedError.at({ path: node?.path ?? "", keyword, what });
}
