import { make } from "../make-element.js";
import { readTokens, type Token } from "./inline-tokens.js";
import { safeAddress } from "./safe-link.js";

/** Emphasis inside each other. Deeper marks are shown as text. */
const MAX_DEPTH = 6;

const ELEMENTS: Readonly<Record<string, readonly ("em" | "strong" | "del")[]>> = {
  "1": ["em"],
  "2": ["strong"],
  "3": ["strong", "em"],
};

/** Appends a text with its emphasis, code and links. Only elements that are named here can arise. */
export function appendInline(parent: Element, text: string, { isLabel = false } = {}): void {
  /** Elements around the one that is open. */
  const outer: Element[] = [];
  const skipped = new Set<number>();
  const tokens = readTokens(text);
  let current = parent;
  for (const [index, token] of tokens.entries()) {
    if (token.type === "text") append(current, token.text);
    else if (token.type === "code") current.append(make("code", {}, token.text));
    else if (token.type === "link") appendLink(current, token, isLabel);
    else if (token.pair === null || skipped.has(token.pair)) append(current, token.text);
    else if (token.pair < index) current = outer.pop() ?? parent;
    else if (outer.length >= MAX_DEPTH) {
      skipped.add(index);
      append(current, token.text);
    } else {
      outer.push(current);
      const names = token.text.startsWith("~") ? (["del"] as const) : (ELEMENTS[token.text.length] ?? []);
      for (const name of names) {
        const element = make(name);
        current.append(element);
        current = element;
      }
    }
  }
}

/** Appends a link. Inside the label of another link, and with an address that is not allowed, it is text. */
function appendLink(parent: Element, link: Extract<Token, { type: "link" }>, isLabel: boolean): void {
  const href = isLabel ? null : safeAddress(link.address);
  if (href === null) {
    append(parent, link.source);
    return;
  }
  const element = make("a", { href, target: "_blank", rel: "noopener noreferrer" });
  if (link.label.trim() === "") element.append(link.address);
  else appendInline(element, link.label, { isLabel: true });
  parent.append(element);
}

/** Joins neighbouring texts, because each node costs a hundred bytes. */
function append(parent: Element, text: string): void {
  const last = parent.lastChild;
  if (last !== null && last.nodeType === 3) (last as Text).data += text;
  else parent.append(text);
}
