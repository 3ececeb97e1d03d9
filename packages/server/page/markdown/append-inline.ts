import { make } from "../make-element.js";
import { readTokens, type Token } from "./inline-tokens.js";
import { safeAddress } from "./safe-link.js";

/** Emphasis inside each other. Deeper marks are shown as text. */
const MAX_DEPTH = 6;

const ELEMENTS: Readonly<Record<string, readonly ("em" | "strong")[]>> = {
  "1": ["em"],
  "2": ["strong"],
  "3": ["strong", "em"],
};

/** Appends a text with its emphasis, code and links. Only elements that are named here can arise. */
export function appendInline(parent: Element, text: string, { isLabel = false } = {}): void {
  /** Elements around the one that is open. */
  const outer: Element[] = [];
  const skipped = new Set<number>();
  /** Text for one node: a node that grows by pieces would be copied each time. */
  let pieces: string[] = [];
  let current = parent;
  const endText = () => {
    if (pieces.length > 0) current.append(pieces.join(""));
    pieces = [];
    return current;
  };
  for (const [index, token] of readTokens(text).entries()) {
    if (token.type === "text") pieces.push(token.text);
    else if (token.type === "code") endText().append(make("code", {}, token.text));
    else if (token.type === "link") {
      const link = isLabel ? null : makeLink(token);
      if (link === null) pieces.push(token.source);
      else endText().append(link);
    } else if (token.pair === null || skipped.has(token.pair)) pieces.push(token.text);
    else if (token.pair < index) {
      endText();
      current = outer.pop() ?? parent;
    } else if (outer.length >= MAX_DEPTH) {
      skipped.add(index);
      pieces.push(token.text);
    } else {
      outer.push(endText());
      for (const name of ELEMENTS[token.text.length] ?? []) {
        const element = make(name);
        current.append(element);
        current = element;
      }
    }
  }
  endText();
}

/** Returns null for an address that is not allowed: it is shown as text. */
function makeLink({ address, label }: Extract<Token, { type: "link" }>): HTMLElement | null {
  const href = safeAddress(address);
  if (href === null) return null;
  const element = make("a", { href, target: "_blank", rel: "noopener noreferrer" });
  appendInline(element, label.trim() === "" ? address : label, { isLabel: true });
  return element;
}
