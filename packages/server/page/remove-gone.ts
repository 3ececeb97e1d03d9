import { moveFocus } from "./find-element.js";

/** Removes elements by their ids, unless they are listed. `focused`: the element of index.html that then gets their focus. */
export function removeGone(
  shown: Map<string, { readonly element: HTMLElement }>,
  listed: readonly { readonly id: string }[],
  focused: string,
): void {
  const ids = new Set(listed.map(({ id }) => id));
  for (const [id, { element }] of shown) {
    if (ids.has(id)) continue;
    moveFocus(element, focused);
    element.remove();
    shown.delete(id);
  }
}
