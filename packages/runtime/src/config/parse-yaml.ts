import type { CST, Document, Node, Pair } from "yaml";
import { explainImport } from "../missing-peer-error.js";
import { addEntry, type ConfigDocument, type ConfigNode, MAX_DEPTH, nestedTooDeeply } from "./config-document.js";

/** Most references to a value: enough for people, too few to expand a small file into a huge one. */
const MAX_ALIASES = 100;

async function importYaml(): Promise<typeof import("yaml")> {
  try {
    const module: typeof import("yaml") & { default?: typeof import("yaml") } = await import("yaml");
    // It is CommonJS for Node. In a bundle with several files, its names may be only below `default`.
    return module.default ?? module;
  } catch (cause) {
    throw explainImport("yaml", "Reading a YAML file", cause);
  }
}

/** Parses YAML with the position of each value. Syntax errors are in `issues`; it does not throw. */
export async function parseYaml(text: string): Promise<ConfigDocument> {
  const yaml = await importYaml();
  const document: ConfigDocument = { value: undefined, root: null, issues: [] };
  const tokens = [...new yaml.Parser().parse(text)];
  // The composer is recursive, so texts that are nested too deeply must not reach it.
  const tooDeep = firstTooDeep(tokens);
  if (tooDeep !== null) {
    document.issues.push(nestedTooDeeply(tooDeep));
    return document;
  }
  // Keys are compared below, because the library's own comparison takes quadratic time.
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
  // A `---` line at the end begins an empty document.
  const second = others.find(
    ({ contents }) => contents !== null && !(yaml.isScalar(contents) && contents.value === null),
  );
  if (second !== undefined) {
    document.issues.push({
      offset: second.range[0],
      message: "a second YAML document begins here; a config must be a single document",
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
          // Keys of the map itself take precedence, then those merged first.
          if (!node.entries.has(key)) node.entries.set(key, entry);
        }
      }
    } else if (yaml.isSeq(source)) {
      node.items = (source.items as Node[]).map((item) => nodeOf(item, node.offset));
    } else if (yaml.isAlias(source) && source.resolve(first as Document) === undefined) {
      const message = `unknown anchor &${source.source}; put text that begins with * in quotes`;
      document.issues.push({ offset: node.offset, message });
    } else if (yaml.isAlias(source)) {
      // The parts of a reused value have the positions where it was written.
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

  /** Returns the maps that a merge key refers to: one, or a list. */
  function sourcesOf(value: Node | null, offset: number): ConfigNode[] {
    const named = yaml.isSeq(value) ? (value.items as Node[]) : [value];
    return named.map((source) => {
      const target = yaml.isAlias(source) ? (source.resolve(first as Document) as Node | undefined) : source;
      const node = nodeOf(source, offset);
      // A missing anchor was already reported with its alias.
      if (target !== undefined && !yaml.isMap(target)) {
        document.issues.push({
          offset: node.offset,
          message: "<< can only merge maps: a map, *alias, or a list of these",
        });
      }
      return node;
    });
  }
}

/** Replaces the parser's message about a tag by advice. Tags of other programs show what the author wanted. */
function adviseTag(message: string): string {
  const tag = /^Unresolved tag: (!\S+)/.exec(message)?.[1];
  if (tag === undefined) return message;
  const advice = /env|secret/i.test(tag)
    ? `write \${NAME} for the environment variable NAME`
    : /include|import|file/i.test(tag)
      ? "a config must be a single file"
      : "remove it, or put the text in quotes";
  return `unsupported tag ${tag}: ${advice}`;
}

function toValue(source: Document, document: ConfigDocument): unknown {
  try {
    return source.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    // The library throws this when nested aliases multiply.
    const isBlownUp = error instanceof ReferenceError;
    const message = isBlownUp ? "anchors and aliases expand to too many values" : String((error as Error).message);
    document.issues.push({ offset: 0, message });
    return undefined;
  }
}

/** Returns the offset of the first value that is nested too deeply. Not recursive. */
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
