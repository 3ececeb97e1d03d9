import { conjunctionOf } from "../../../../json-schema/conjunction.js";
import { type ObjectDemands, objectDemands } from "../../../../json-schema/demands.js";
import { MAX_ADDITIONAL_PROPERTIES } from "../../../../json-schema/grammar-limits.js";
import type { SchemaNode } from "../../../../json-schema/schema-node.js";
import { SchemaNotSupportedError } from "../../../../json-schema/schema-not-supported-error.js";
import { type GrammarRules, literal } from "./grammar-rules.js";
import { writeOtherName } from "./write-name.js";
import { writeColon, writeComma } from "./write-separator.js";

/**
 * Returns sequences for the objects that satisfy all of `nodes`. Empty if there are none. Properties are in the order
 * of their declaration, followed by others.
 */
export function writeObject(
  rules: GrammarRules,
  nodes: readonly SchemaNode[],
  writeValue: (schemas: readonly SchemaNode[]) => string | null,
): string[] {
  const demands = objectDemands(nodes);
  const colon = writeColon(rules);
  const properties: WrittenProperty[] = [];
  for (const { name, schemas, required, allowed } of demands.properties) {
    const value = allowed ? writeValue(schemas) : null;
    if (value !== null) {
      const rule = rules.define("property", `${literal(JSON.stringify(name))} ${colon} ${value}`);
      properties.push({ rule, required });
    } else if (required) return [];
  }
  const others = writeOthers(rules, nodes, demands, properties, writeValue);
  if (others === null) return [];
  return properties.some(({ required }) => required)
    ? [withRequired(rules, properties, others)]
    : withoutRequired(rules, properties, others, demands.minProperties === 0);
}

interface WrittenProperty {
  readonly rule: string;
  readonly required: boolean;
}

/** Undeclared properties: the rule for one, and their number. */
interface OtherProperties {
  readonly rule: string;
  readonly minimum: number;
  readonly maximum: number;
}

/** Returns null if the object cannot be written, or a maximum of 0 if only undeclared properties cannot. */
function writeOthers(
  rules: GrammarRules,
  nodes: readonly SchemaNode[],
  demands: ObjectDemands,
  written: readonly WrittenProperty[],
  writeValue: (schemas: readonly SchemaNode[]) => string | null,
): OtherProperties | null {
  const { properties, additional, additionalAllowed, minProperties, maxProperties } = demands;
  const required = written.filter((property) => property.required).length;
  if (required > maxProperties || minProperties > maxProperties) return null;
  // An object with declared properties has no others, unless the schema mentions them.
  const open = additionalAllowed && (additional !== null || properties.length === 0);
  const room = maxProperties - written.length;
  if (room < 0) throw refusal(nodes, "maxProperties", "cannot be enforced if more properties are optional");
  const value = open && room > 0 ? writeValue(additional ?? []) : null;
  const missing = minProperties - required;
  const optional = written.length - required;
  // One missing property needs no counting: exclude the empty object, or add another property.
  const needsOther = missing === 1 && required > 0;
  if (missing > 1 || (needsOther && optional > 0)) {
    if (value === null && written.length < minProperties) return null;
    throw refusal(nodes, "minProperties", "cannot be enforced: the same name may occur twice");
  }
  if (value === null) return needsOther ? null : { rule: "", minimum: 0, maximum: 0 };
  const propertyNames = nodes.find((node) => node.propertyNames !== null)?.propertyNames ?? null;
  if (propertyNames !== null && !allowsAnyName(propertyNames)) {
    throw refusal(nodes, "propertyNames", "is supported only as a list of names", "Use enum in it, or properties.");
  }
  const name = writeOtherName(
    rules,
    properties.map((property) => property.name),
  );
  return {
    rule: rules.define("other-property", `${name} ${writeColon(rules)} ${value}`),
    minimum: needsOther ? 1 : 0,
    maximum: Math.min(MAX_ADDITIONAL_PROPERTIES, room),
  };
}

function allowsAnyName(schema: SchemaNode): boolean {
  const conjunction = conjunctionOf([schema]);
  return (
    conjunction !== null &&
    conjunction.choices.length === 0 &&
    conjunction.own.every(
      ({ types, values, minLength, maxLength, format }) =>
        (types === null || types.has("string")) &&
        values === null &&
        minLength === 0 &&
        maxLength === Number.POSITIVE_INFINITY &&
        format === null,
    )
  );
}

function withRequired(rules: GrammarRules, properties: readonly WrittenProperty[], others: OtherProperties): string {
  const comma = writeComma(rules);
  const first = properties.findIndex(({ required }) => required);
  const parts = properties.map(({ rule, required }, index) => {
    if (index === first) return rule;
    const part = index < first ? `${rule} ${comma}` : `${comma} ${rule}`;
    return required ? part : `(${part})?`;
  });
  if (others.maximum > 0) parts.push(repeatOthers(rules, others.rule, others.minimum, others.maximum));
  return `"{" ${parts.join(" ")} "}"`;
}

/** One sequence for each property that may come first. The properties after it form a chain instead of all subsets. */
function withoutRequired(
  rules: GrammarRules,
  properties: readonly WrittenProperty[],
  others: OtherProperties,
  mayBeEmpty: boolean,
): string[] {
  const comma = writeComma(rules);
  const beginnings: string[] = [];
  let after = "";
  if (others.maximum > 0) {
    const more = others.maximum > 1 ? repeatOthers(rules, others.rule, 0, others.maximum - 1) : "";
    beginnings.push(`${others.rule} ${more}`);
    after = repeatOthers(rules, others.rule, 0, others.maximum);
  }
  for (const { rule } of properties.toReversed()) {
    beginnings.push(`${rule} ${after}`);
    after = rules.define("next-properties", `(${comma} ${rule})? ${after}`.trimEnd());
  }
  const empty = mayBeEmpty ? ['"{}"'] : [];
  if (beginnings.length === 0) return empty;
  const start = rules.define("first-properties", ...beginnings.reverse().map((beginning) => beginning.trimEnd()));
  return [...empty, `"{" ${start} "}"`];
}

function repeatOthers(rules: GrammarRules, rule: string, minimum: number, maximum: number): string {
  return rules.repeat(rules.define("next-other", `${writeComma(rules)} ${rule}`), minimum, maximum);
}

function refusal(nodes: readonly SchemaNode[], keyword: string, what: string, hint?: string): SchemaNotSupportedError {
  const node = nodes.find(({ impliedTypes }) => impliedTypes.has("object"));
  return SchemaNotSupportedError.at({ path: node?.path ?? "", keyword, what, hint });
}
