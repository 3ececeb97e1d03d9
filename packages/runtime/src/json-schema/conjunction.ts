import type { SchemaNode } from "./schema-node.js";

/** Several schemas that hold for one value, taken apart into what each says itself and the choices that are left. */
export interface Conjunction {
  /** The same for the same schemas. */
  readonly key: string;
  /** The keywords of these all hold, except their `anyOf` and `oneOf`. */
  readonly own: readonly SchemaNode[];
  /** Of each of these, one alternative holds. */
  readonly choices: readonly SchemaChoice[];
  /** Was a `$ref` followed that leads to itself? */
  readonly recursive: boolean;
}

export interface SchemaChoice {
  readonly node: SchemaNode;
  readonly keyword: "anyOf" | "oneOf";
}

/** What `schemas` say together; null when one of them is `false`. */
export function conjunctionOf(schemas: readonly SchemaNode[]): Conjunction | null {
  return gather(schemas, [], []);
}

/** The conjunction with its first choice made. */
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
