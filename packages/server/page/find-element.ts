/** Returns an element of index.html by its id. */
export function find<Type extends Element = HTMLElement>(id: string): Type {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`index.html has no element "${id}".`);
  return element as Element as Type;
}

/** Calls a function for the clicks on an element of index.html. */
export function onClick(id: string, clicked: (event: MouseEvent) => void): void {
  find(id).addEventListener("click", clicked);
}

/** Moves the focus to an element of index.html, if it is in an element that will be gone. */
export function moveFocus(from: Element, id: string): void {
  if (from.contains(document.activeElement)) find(id).focus();
}

/** Sets a text only if it differs: screen readers announce every change of some elements. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
