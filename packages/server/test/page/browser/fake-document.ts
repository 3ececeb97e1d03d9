/** The part of a document that Markdown is shown with. Everything else is missing, such as `innerHTML`. */
export class FakeText {
  readonly nodeType = 3;
  parent: FakeElement | null = null;
  data: string;

  constructor(data: string) {
    this.data = data;
  }

  remove(): void {
    if (this.parent !== null) this.parent.children = this.parent.children.filter((child) => child !== this);
  }
}

export class FakeElement {
  readonly nodeType = 1;
  readonly name: string;
  readonly attributes = new Map<string, string>();
  parent: FakeElement | null = null;
  children: (FakeElement | FakeText)[] = [];

  constructor(name: string) {
    this.name = name;
  }

  setAttribute(name: string, value: string): void {
    this.attributes.set(name, value);
  }

  append(...added: (FakeElement | FakeText | string)[]): void {
    for (const one of added) {
      const node = typeof one === "string" ? new FakeText(one) : one;
      node.parent = this;
      this.children.push(node);
    }
  }

  replaceWith(other: FakeElement): void {
    if (this.parent === null) return;
    other.parent = this.parent;
    this.parent.children[this.parent.children.indexOf(this)] = other;
  }

  remove(): void {
    if (this.parent !== null) this.parent.children = this.parent.children.filter((child) => child !== this);
  }

  /** This element and those inside it. */
  all(): FakeElement[] {
    return [this, ...this.children.flatMap((child) => (child instanceof FakeElement ? child.all() : []))];
  }

  /** Text that came from the Markdown: buttons have their own. */
  text(): string {
    if (this.name === "button") return "";
    return this.children.map((child) => (child instanceof FakeText ? child.data : child.text())).join("");
  }

  /** Compact form for comparisons, such as `p(a em(b))`. Attributes are in front of the content. */
  outline(): string {
    const attributes = [...this.attributes].map(([key, value]) => `${key}=${value}`).join(" ");
    const content = this.children.map((child) =>
      child instanceof FakeText ? JSON.stringify(child.data) : child.outline(),
    );
    return `${this.name}${attributes === "" ? "" : `[${attributes}]`}(${content.join(" ")})`;
  }
}

export const fakeDocument = { createElement: (name: string) => new FakeElement(name) };
