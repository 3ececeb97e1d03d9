import { make } from "./make-element.js";

/** Returns a text with its name, or nothing for an empty one. */
export function detail(name: string, text: string, attributes = {}): HTMLElement[] {
  if (text === "" || text === "{}") return [];
  return [make("p", "detail-name", name), make("pre", { dir: "auto", ...attributes }, text)];
}
