import { createScanner, type Node, type ParseError, parseTree, printParseErrorCode } from "jsonc-parser";
import { addEntry, type ConfigDocument, type ConfigNode, MAX_DEPTH, nestedTooDeeply } from "./config-document.js";

/**
 * Parses JSON with the position of each value. Allows comments and trailing commas. Syntax errors are in `issues`; it
 * does not throw.
 */
export function parseJson(text: string): ConfigDocument {
  const document: ConfigDocument = { value: undefined, root: null, issues: [] };
  const tooDeep = firstTooDeep(text);
  if (tooDeep !== null) {
    document.issues.push(nestedTooDeeply(tooDeep));
    return document;
  }
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { disallowComments: false, allowTrailingComma: true });
  for (const { error, offset } of errors) {
    document.issues.push({ offset, message: `invalid JSON: ${inWords(printParseErrorCode(error))}` });
  }
  if (tree === undefined || document.issues.length > 0) return document;
  document.root = nodeOf(tree);
  document.value = jsonValue(tree);
  return document;

  function nodeOf(source: Node): ConfigNode {
    const node: ConfigNode = { offset: source.offset };
    if (source.type === "array") node.items = (source.children ?? []).map(nodeOf);
    if (source.type === "object") {
      for (const property of source.children ?? []) {
        const [key, value] = property.children ?? [];
        if (key !== undefined && value !== undefined) addEntry(document, node, key.value, key.offset, nodeOf(value));
      }
    }
    return node;
  }
}

/** Converts a node to a value. Every key becomes an own property, including __proto__. */
function jsonValue({ type, value, children = [] }: Node): unknown {
  if (type === "array") return children.map(jsonValue);
  if (type !== "object") return value;
  const entries = children.map(({ children: [key, item] = [] }) => [String(key?.value), item && jsonValue(item)]);
  return Object.fromEntries(entries);
}

/** Returns the offset of the first value that is nested too deeply, because the parser is recursive. */
function firstTooDeep(text: string): number | null {
  const scanner = createScanner(text, true);
  let depth = 0;
  for (let token = scanner.scan(); token !== SyntaxKind.EOF; token = scanner.scan()) {
    if (token === SyntaxKind.OpenBraceToken || token === SyntaxKind.OpenBracketToken) depth += 1;
    if (token === SyntaxKind.CloseBraceToken || token === SyntaxKind.CloseBracketToken) depth -= 1;
    if (depth > MAX_DEPTH) return scanner.getTokenOffset();
  }
  return null;
}

/** Token kinds of the scanner. The library declares them as a `const enum`, which bundlers cannot import. */
const SyntaxKind = { OpenBraceToken: 1, CloseBraceToken: 2, OpenBracketToken: 3, CloseBracketToken: 4, EOF: 17 };

/** `CommaExpected` → `comma expected`. */
function inWords(code: string): string {
  return code.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter}`).toLowerCase();
}
