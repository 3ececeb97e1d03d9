import type { SchemaNode } from "./schema-node.js";

/** Several schemas that apply to the same value, split into their own keywords and the open choices. */
export interface Conjunction {
  /** Equal for the same set of schemas. */
  readonly key: string;
  /** Schemas whose keywords all apply, except their `anyOf` and `oneOf`. */
  readonly own: readonly SchemaNode[];
  /** Choices of which one alternative must apply. */
  readonly choices: readonly SchemaChoice[];
  /** Whether a recursive `$ref` was followed. */
  readonly recursive: boolean;
}

export interface SchemaChoice {
  readonly node: SchemaNode;
  readonly keyword: "anyOf" | "oneOf";
}

/** Combines `schemas`. Returns null when one of them is `false`. */
export function conjunctionOf(schemas: readonly SchemaNode[]): Conjunction | null {
  return gather(schemas, [], []);
}

/** Returns the conjunction with `alternative` in place of its first choice. */
export function withAlternative(conjunction: Conjunction, alternative: SchemaNode): Conjunction | null {
  return gather([alternative], conjunction.own, conjunction.choices.slice(1));
}

function gather(
  schemas: readonly SchemaNode[],
  own: readonly SchemaNode[],
  choices: readonly SchemaChoice[],
): Conjunction | null {
  const owners = new Set(own);
  const open = new Map(choices.map((choice) => [keyOf(choice), choice]));
  const seen = new Set<SchemaNode>(schemas);
  let recursive = false;
  for (const node of seen) {
    if (node.refusesAll) return null;
    if (assertsItself(node)) owners.add(node);
    for (const keyword of ["anyOf", "oneOf"] as const) {
      if (node[keyword].length > 0) open.set(keyOf({ node, keyword }), { node, keyword });
    }
    for (const part of node.allOf) seen.add(part);
    if (node.reference === null) continue;
    seen.add(node.reference);
    recursive ||= node.reference.recursive;
  }
  const key = [...[...owners].map(({ id }) => id).sort((a, b) => a - b), ...[...open.keys()].sort()].join("&");
  return { key, own: [...owners], choices: [...open.values()], recursive };
}

function keyOf({ node, keyword }: SchemaChoice): string {
  return `${node.id}${keyword}`;
}

function assertsItself(node: SchemaNode): boolean {
  return node.types !== null || node.values !== null || node.impliedTypes.size > 0;
}
