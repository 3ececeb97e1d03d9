import { checkValue } from "./check-value.js";
import { conjunctionOf } from "./conjunction.js";
import type { JsonType, SchemaNode } from "./schema-node.js";

/** The tightest bound where several are given. */
export interface NumberBound {
  readonly value: number;
  readonly exclusive: boolean;
}

export interface NumberDemands {
  readonly minimum: NumberBound | null;
  readonly maximum: NumberBound | null;
  readonly steps: readonly number[];
}

export interface ObjectDemands {
  readonly properties: readonly PropertyDemands[];
  /** Schemas of all other properties, or null when no schema restricts them. */
  readonly additional: readonly SchemaNode[] | null;
  readonly additionalAllowed: boolean;
  readonly minProperties: number;
  readonly maxProperties: number;
}

interface PropertyDemands {
  readonly name: string;
  readonly schemas: readonly SchemaNode[];
  readonly required: boolean;
  /** False where `propertyNames` excludes the name. */
  readonly allowed: boolean;
}

export interface ArrayDemands {
  /** Schemas of the items at the first positions. */
  readonly prefix: readonly (readonly SchemaNode[])[];
  /** Schemas of all later items, or null when no schema restricts them. */
  readonly rest: readonly SchemaNode[] | null;
  readonly minItems: number;
  readonly maxItems: number;
}

const allTypes: readonly JsonType[] = ["null", "boolean", "integer", "number", "string", "array", "object"];

/** Returns the types that all of `nodes` allow. `number` includes numbers with a fraction. */
export function allowedTypes(nodes: readonly SchemaNode[]): Set<JsonType> {
  return new Set(allTypes.filter((type) => nodes.every(({ types }) => types === null || types.has(type))));
}

export function numberDemands(nodes: readonly SchemaNode[]): NumberDemands {
  let minimum: NumberBound | null = null;
  let maximum: NumberBound | null = null;
  const steps = new Set<number>();
  for (const node of nodes) {
    minimum = tighter(minimum, node.minimum, false, 1);
    minimum = tighter(minimum, node.exclusiveMinimum, true, 1);
    maximum = tighter(maximum, node.maximum, false, -1);
    maximum = tighter(maximum, node.exclusiveMaximum, true, -1);
    if (node.multipleOf !== null) steps.add(node.multipleOf);
  }
  return { minimum, maximum, steps: [...steps] };
}

function tighter(bound: NumberBound | null, value: number | null, exclusive: boolean, direction: 1 | -1) {
  if (value === null) return bound;
  if (bound === null) return { value, exclusive };
  if (value === bound.value) return { value, exclusive: exclusive || bound.exclusive };
  return (value - bound.value) * direction > 0 ? { value, exclusive } : bound;
}

export function arrayDemands(nodes: readonly SchemaNode[]): ArrayDemands {
  const length = largest(nodes, (node) => node.prefixItems.length);
  const at = (index: number) => nodes.flatMap((node) => node.prefixItems[index] ?? node.items ?? []);
  const saying = nodes.flatMap(({ items }) => items ?? []);
  return {
    prefix: Array.from({ length }, (_, index) => at(index)),
    rest: saying.length === 0 ? null : saying,
    minItems: largest(nodes, (node) => node.minItems),
    maxItems: smallest(nodes, (node) => node.maxItems),
  };
}

export function objectDemands(nodes: readonly SchemaNode[]): ObjectDemands {
  const names = new Set<string>();
  const required = new Set<string>();
  for (const node of nodes) for (const name of node.properties.keys()) names.add(name);
  for (const node of nodes) for (const name of node.required) required.add(name);
  const nameSchemas = nodes.flatMap(({ propertyNames }) => propertyNames ?? []);
  const onlyNames = finiteNames(nameSchemas);
  for (const name of [...(onlyNames ?? []), ...required]) names.add(name);
  const additional = nodes.flatMap(({ additionalProperties }) => additionalProperties ?? []);
  return {
    properties: [...names].map((name) => ({
      name,
      schemas: nodes.flatMap((node) => node.properties.get(name) ?? node.additionalProperties ?? []),
      required: required.has(name),
      allowed: nameSchemas.every((schema) => checkValue(schema, name).length === 0),
    })),
    additional: additional.length === 0 ? null : additional,
    additionalAllowed: onlyNames === null && !additional.some(({ refusesAll }) => refusesAll),
    minProperties: largest(nodes, (node) => node.minProperties),
    maxProperties: smallest(nodes, (node) => node.maxProperties),
  };
}

/** Returns the names that `propertyNames` lists, or null when any name may be allowed. */
function finiteNames(schemas: readonly SchemaNode[]): string[] | null {
  const conjunction = conjunctionOf(schemas);
  if (conjunction === null) return [];
  const lists = conjunction.own.flatMap(({ values }) => (values === null ? [] : [values]));
  return lists[0]?.filter((name) => typeof name === "string") ?? null;
}

/** Estimates the steps of combining the demands of `nodes`. */
export function workOf(nodes: readonly SchemaNode[]): number {
  const parts = nodes.reduce((sum, { properties, required, prefixItems, values }) => {
    return sum + 1 + properties.size + required.length + prefixItems.length + (values?.length ?? 0);
  }, 0);
  return parts * nodes.length;
}

export function largest(nodes: readonly SchemaNode[], of: (node: SchemaNode) => number): number {
  return nodes.reduce((found, node) => Math.max(found, of(node)), 0);
}

export function smallest(nodes: readonly SchemaNode[], of: (node: SchemaNode) => number): number {
  return nodes.reduce((found, node) => Math.min(found, of(node)), Number.POSITIVE_INFINITY);
}
