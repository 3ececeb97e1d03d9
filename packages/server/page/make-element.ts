type Child = Node | string;

/** Attributes of an element, or its class. Null leaves an attribute out. */
export type Attributes = string | Readonly<Record<string, string | null>>;

/** Makes a button that calls a function. */
export function makeButton(text: string, onClick: (event: MouseEvent) => void, attributes: Attributes = {}) {
  const button = make("button", attributes, text);
  button.type = "button";
  button.addEventListener("click", onClick);
  return button;
}

/** Makes an element. Strings become text nodes and are never read as markup. */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  children: Iterable<Child> | Child = [],
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  if (typeof attributes === "string") element.className = attributes;
  else for (const [key, value] of Object.entries(attributes)) if (value !== null) element.setAttribute(key, value);
  // One by one: a call with a hundred thousand arguments fails.
  if (typeof children === "string" || "nodeType" in children) element.append(children);
  else for (const child of children) element.append(child);
  return element;
}
