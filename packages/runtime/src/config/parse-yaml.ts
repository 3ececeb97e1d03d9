import type { CST, Document, Node, Pair } from "yaml";
import { explainImport } from "../missing-peer-error.js";
import { addEntry, type ConfigDocument, type ConfigNode, MAX_DEPTH, nestedTooDeeply } from "./config-document.js";

/** One value may be used this often by reference: enough for people, not enough to blow a small file up. */
const MAX_ALIASES = 100;

async function importYaml(): Promise<typeof import("yaml")> {
  try {
    const module: typeof import("yaml") & { default?: typeof import("yaml") } = await import("yaml");
    // It is CommonJS for Node: a bundle in several files may have its names below `default` alone.
    return module.default ?? module;
  } catch (cause) {
    throw explainImport("yaml", "Reading a YAML file", cause);
  }
}

/** Reads YAML with the place of each value. Issues of the text are in `issues`; none is thrown. */
export async function parseYaml(text: string): Promise<ConfigDocument> {
  const yaml = await importYaml();
  const document: ConfigDocument = { value: undefined, root: null, issues: [] };
  const tokens = [...new yaml.Parser().parse(text)];
  // The composer is recursive: a text that is nested too deeply must not reach it.
  const tooDeep = firstTooDeep(tokens);
  if (tooDeep !== null) {
    document.issues.push(nestedTooDeeply(tooDeep));
    return document;
  }
  // Keys are compared below: the library's own comparison takes quadratic time.
  const options = {
    uniqueKeys: false,
    prettyErrors: false,
    stringKeys: true,
    merge: true,
    logLevel: "silent",
  } as const;
  const [first, ...others] = [...new yaml.Composer(options).compose(tokens)];
  if (first === undefined) return document;
  for (const { pos, message } of [...first.errors, ...first.warnings])
    document.issues.push({ offset: pos[0], message: adviseTag(message) });
  // A line of dashes at the end begins a document that has nothing in it.
  const second = others.find(
    ({ contents }) => contents !== null && !(yaml.isScalar(contents) && contents.value === null),
  );
  if (second !== undefined) {
    document.issues.push({
      offset: second.range[0],
      message: "a second YAML document begins here; a config is one document",
    });
  }
  if (document.issues.length > 0) return document;
  const targets = new Map<Node, ConfigNode>();
  document.root = nodeOf(first.contents, 0);
  if (document.issues.length === 0) document.value = toValue(first, document);
  return document;

  function nodeOf(source: Node | null, fallbackOffset: number): ConfigNode {
    const node: ConfigNode = { offset: source?.range?.[0] ?? fallbackOffset };
    if (yaml.isMap(source)) {
      const merged: ConfigNode[] = [];
      for (const { key, value } of source.items as Pair<Node, Node | null>[]) {
        const keyOffset = key.range?.[0] ?? node.offset;
        if (isMerge(key)) {
          merged.push(...sourcesOf(value, keyOffset));
          continue;
        }
        addEntry(
          document,
          node,
          yaml.isScalar(key) ? String(key.value) : String(key),
          keyOffset,
          nodeOf(value, keyOffset),
        );
      }
      for (const { entries } of merged) {
        for (const [key, entry] of entries ?? []) {
          node.entries ??= new Map();
          // What is written in a map wins, and then what was merged first.
          if (!node.entries.has(key)) node.entries.set(key, entry);
        }
      }
    } else if (yaml.isSeq(source)) {
      node.items = (source.items as Node[]).map((item) => nodeOf(item, node.offset));
    } else if (yaml.isAlias(source) && source.resolve(first as Document) === undefined) {
      const message = `there is no anchor &${source.source}; a text that begins with * goes into quotes`;
      document.issues.push({ offset: node.offset, message });
    } else if (yaml.isAlias(source)) {
      // The parts of a value that is used again stand where it was written.
      return { ...nodeOfTarget(source.resolve(first as Document) as Node | undefined, node.offset) };
    }
    return node;
  }

  function nodeOfTarget(target: Node | undefined, offset: number): ConfigNode {
    const known = target === undefined ? undefined : targets.get(target);
    if (known !== undefined || target === undefined) return known ?? { offset };
    const node: ConfigNode = { offset };
    targets.set(target, node);
    const { entries, items } = nodeOf(target, offset);
    return Object.assign(node, entries && { entries }, items && { items });
  }

  function isMerge(key: Node): boolean {
    return yaml.isScalar(key) && key.value === "<<" && (key.type === undefined || key.type === "PLAIN");
  }

  /** The maps that a merge key names: one, or a list of them. */
  function sourcesOf(value: Node | null, offset: number): ConfigNode[] {
    const named = yaml.isSeq(value) ? (value.items as Node[]) : [value];
    return named.map((source) => {
      const target = yaml.isAlias(source) ? (source.resolve(first as Document) as Node | undefined) : source;
      const node = nodeOf(source, offset);
      // An anchor that is not there was reported with its alias.
      if (target !== undefined && !yaml.isMap(target)) {
        document.issues.push({
          offset: node.offset,
          message: "<< merges maps alone: a map, *alias, or a list of these",
        });
      }
      return node;
    });
  }
}

/** A tag that other programs know says what is meant. */
function adviseTag(message: string): string {
  const tag = /^Unresolved tag: (!\S+)/.exec(message)?.[1];
  if (tag === undefined) return message;
  const advice = /env|secret/i.test(tag)
    ? `write \${NAME} for the environment variable NAME`
    : /include|import|file/i.test(tag)
      ? "a config is one file"
      : "remove it, or put the text in quotes";
  return `the tag ${tag} has no meaning here: ${advice}`;
}

function toValue(source: Document, document: ConfigDocument): unknown {
  try {
    return source.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    // What the library throws when aliases of aliases multiply.
    const isBlownUp = error instanceof ReferenceError;
    const message = isBlownUp
      ? "anchors and aliases blow the file up beyond measure"
      : String((error as Error).message);
    document.issues.push({ offset: 0, message });
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
