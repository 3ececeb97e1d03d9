import type { CST, Document, Node, Pair } from "yaml";
import { importPeer } from "../missing-peer-error.js";
import { addEntry, type ConfigDocument, type ConfigNode, MAX_DEPTH, nestedTooDeeply } from "./config-document.js";

/** One value may be used this often by reference: enough for people, not enough to blow a small file up. */
const MAX_ALIASES = 100;

/** Reads YAML with the place of each value. Issues of the text are in `issues`; none is thrown. */
export async function parseYaml(text: string): Promise<ConfigDocument> {
  const yaml = await importPeer("yaml", "Reading a YAML file", () => import("yaml"));
  const document: ConfigDocument = { value: undefined, root: null, issues: [] };
  const tokens = [...new yaml.Parser().parse(text)];
  // The composer is recursive: a text that is nested too deeply must not reach it.
  const tooDeep = firstTooDeep(tokens);
  if (tooDeep !== null) {
    document.issues.push(nestedTooDeeply(tooDeep));
    return document;
  }
  // Keys are compared below: the library's own comparison takes quadratic time.
  const composer = new yaml.Composer({ uniqueKeys: false, prettyErrors: false, stringKeys: true, logLevel: "silent" });
  const [first, second] = [...composer.compose(tokens)];
  if (first === undefined) return document;
  for (const { pos, message } of [...first.errors, ...first.warnings])
    document.issues.push({ offset: pos[0], message });
  if (second !== undefined) {
    document.issues.push({
      offset: second.range[0],
      message: "a second YAML document begins here; a config is one document",
    });
  }
  if (document.issues.length > 0) return document;
  document.root = nodeOf(first.contents, 0);
  if (document.issues.length === 0) document.value = toValue(first, document);
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
    } else if (yaml.isAlias(source) && source.resolve(first as Document) === undefined) {
      const message = `there is no anchor &${source.source}; a text that begins with * goes into quotes`;
      document.issues.push({ offset: node.offset, message });
    }
    return node;
  }
}

function toValue(source: Document, document: ConfigDocument): unknown {
  try {
    return source.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    // What the library throws when aliases of aliases multiply.
    if (!(error instanceof ReferenceError)) throw error;
    document.issues.push({ offset: 0, message: "anchors and aliases blow the file up beyond measure" });
    return undefined;
  }
}

/** Where the first value begins that is nested too deeply. Walks without recursion. */
function firstTooDeep(tokens: readonly CST.Token[]): number | null {
  const open: { token: CST.Token; depth: number }[] = tokens.map((token) => ({ token, depth: 0 }));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, depth } = next;
    if (depth > MAX_DEPTH) return token.offset;
    if (token.type === "document" && token.value) open.push({ token: token.value, depth });
    if (!("items" in token)) continue;
    for (const { key, value } of token.items as { key?: CST.Token | null; value?: CST.Token | null }[]) {
      if (key) open.push({ token: key, depth: depth + 1 });
      if (value) open.push({ token: value, depth: depth + 1 });
    }
  }
  return null;
}
