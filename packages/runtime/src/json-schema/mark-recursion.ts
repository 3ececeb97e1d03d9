import type { SchemaNode } from "./schema-node.js";
import { SchemaNotSupportedError } from "./schema-not-supported-error.js";

/**
 * Marks the schemas that a `$ref` points to and that can occur again below themselves. Throws when one applies again to
 * the same value (`{"$ref": "#"}`): such a schema has no meaning.
 */
export function markRecursion(nodes: readonly MarkedNode[]): void {
  const [circle] = leadingToCircle(nodes, sameValueParts);
  if (circle !== undefined) {
    throw SchemaNotSupportedError.at({
      path: circle.path,
      keyword: "$ref",
      what: "refers back to itself for the same value",
    });
  }
  const towards = leadingToCircle(nodes, allParts);
  if (towards.size === 0) return;
  const users = usersOf(nodes, allParts);
  // Schemas on a cycle, or between two cycles. Including the latter only costs a little depth.
  const within = leadingToCircle([...towards], (node) => (users.get(node) ?? []).filter((user) => towards.has(user)));
  for (const node of towards) node.leadsToRecursion = true;
  const targets = new Set<SchemaNode | null>(nodes.map(({ reference }) => reference));
  for (const node of within) node.recursive = targets.has(node);
}

type MarkedNode = SchemaNode & { recursive: boolean; leadsToRecursion: boolean };
type PartsOf = (node: SchemaNode) => SchemaNode[];

function allParts(node: SchemaNode): SchemaNode[] {
  const parts = [...sameValueParts(node), ...node.properties.values(), ...node.prefixItems];
  for (const part of [node.additionalProperties, node.items]) if (part !== null) parts.push(part);
  return parts;
}

function sameValueParts({ reference, allOf, anyOf, oneOf }: SchemaNode): SchemaNode[] {
  const parts = [...allOf, ...anyOf, ...oneOf];
  if (reference !== null) parts.push(reference);
  return parts;
}

function usersOf<Node extends SchemaNode>(nodes: readonly Node[], partsOf: PartsOf): Map<SchemaNode, Node[]> {
  const users = new Map<SchemaNode, Node[]>(nodes.map((node) => [node, []]));
  for (const node of nodes) for (const part of partsOf(node)) users.get(part)?.push(node);
  return users;
}

/** Removes nodes without remaining parts until only those that lead to a cycle are left. */
function leadingToCircle<Node extends SchemaNode>(nodes: readonly Node[], partsOf: PartsOf): Set<Node> {
  const users = usersOf(nodes, partsOf);
  const left = new Map<Node, number>(nodes.map((node) => [node, partsOf(node).length]));
  const remaining = new Set(nodes);
  const ended = nodes.filter((node) => left.get(node) === 0);
  for (const node of ended) {
    remaining.delete(node);
    for (const user of users.get(node) ?? []) {
      const count = (left.get(user) ?? 0) - 1;
      left.set(user, count);
      if (count === 0) ended.push(user);
    }
  }
  return remaining;
}
