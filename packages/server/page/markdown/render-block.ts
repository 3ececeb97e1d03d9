import { make } from "../make-element.js";
import { appendInline } from "./append-inline.js";
import type { Block } from "./block.js";

/** Makes the element of a block. */
export function renderBlock(block: Block): HTMLElement {
  switch (block.type) {
    case "heading":
      // All have one level, because a reply may begin with any of them.
      return withInline(make("h3", `size-${block.level}`), block.text);
    case "paragraph":
      return withInline(make("p"), block.text);
    case "code":
      return renderCode(block.language, block.text);
    case "quote":
      return make("blockquote", {}, block.blocks.map(renderBlock));
    case "list":
      return renderList(block);
    case "table":
      return renderTable(block);
    case "rule":
      return make("hr");
  }
}

function renderCode(language: string, text: string): HTMLElement {
  const copy = make("button", { type: "button", class: "copy" }, "Copy");
  const head = make("div", "code-head", [make("span", {}, language), copy]);
  return make("div", "code", [head, make("pre", { dir: "ltr" }, make("code", {}, text))]);
}

function renderList({ start, items }: Extract<Block, { type: "list" }>): HTMLElement {
  const list = start === null ? make("ul") : make("ol", { start: start === 1 ? null : String(start) });
  for (const blocks of items) {
    const item = make("li");
    for (const [index, block] of blocks.entries()) {
      // A paragraph in front needs no element of its own.
      if (index === 0 && block.type === "paragraph") appendInline(item, block.text);
      else item.append(renderBlock(block));
    }
    list.append(withDirection(item));
  }
  return list;
}

function renderTable({ head, rows }: Extract<Block, { type: "table" }>): HTMLElement {
  const cells = (name: "th" | "td", texts: readonly string[]) =>
    make(
      "tr",
      {},
      texts.map((text) => withInline(make(name), text)),
    );
  const table = make("table", {}, make("thead", {}, cells("th", head)));
  if (rows.length > 0)
    table.append(
      make(
        "tbody",
        {},
        rows.map((row) => cells("td", row)),
      ),
    );
  return table;
}

function withInline<Container extends HTMLElement>(element: Container, text: string): Container {
  appendInline(element, text);
  return withDirection(element);
}

/** Lets the text decide on its direction. With this attribute, a browser reads the text again for each node that is added. */
function withDirection<Container extends HTMLElement>(element: Container): Container {
  element.setAttribute("dir", "auto");
  return element;
}
