import type { Node, Pair } from "yaml";
import { importPeer } from "../missing-peer-error.js";
import { addEntry, type ConfigDocument, type ConfigNode } from "./config-document.js";

/** One value may be used this often by reference: enough for people, not enough to blow a small file up. */
const MAX_ALIASES = 100;

/** Reads YAML with the place of each value. What is wrong with the text is in `faults`; it does not throw for it. */
export async function parseYaml(text: string): Promise<ConfigDocument> {
  const yaml = await importPeer("yaml", "Reading a YAML file", () => import("yaml"));
  const document: ConfigDocument = { value: undefined, root: null, faults: [] };
  // Keys are compared below: the library's own comparison takes quadratic time.
  const parsed = yaml.parseAllDocuments(text, {
    uniqueKeys: false,
    prettyErrors: false,
    stringKeys: true,
    logLevel: "silent",
  });
  const [first, second] = [...parsed];
  if (first === undefined || !("contents" in first)) return document;
  for (const { pos, message } of [...first.errors, ...first.warnings])
    document.faults.push({ offset: pos[0], message });
  if (second !== undefined)
    document.faults.push({
      offset: second.range[0],
      message: "a second YAML document begins here; a config is one document",
    });
  if (document.faults.length > 0) return document;
  document.root = nodeOf(first.contents, 0);
  document.value = first.toJS({ maxAliasCount: MAX_ALIASES });
  return document;

  function nodeOf(source: Node | null, fallbackOffset: number): ConfigNode {
    const node: ConfigNode = { offset: source?.range?.[0] ?? fallbackOffset };
    if (yaml.isMap(source)) {
      for (const { key, value } of source.items as Pair<Node, Node | null>[]) {
        const keyOffset = key.range?.[0] ?? node.offset;
        addEntry(
          document,
          node,
          yaml.isScalar(key) ? String(key.value) : String(key),
          keyOffset,
          nodeOf(value, keyOffset),
        );
      }
    } else if (yaml.isSeq(source)) {
      node.items = (source.items as Node[]).map((item) => nodeOf(item, node.offset));
    }
    return node;
  }
}
