import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { MarkdownView } from "../../../page/markdown/markdown-view.js";
import { safeAddress } from "../../../page/markdown/safe-link.js";
import { FakeElement, fakeDocument } from "./fake-document.js";

beforeAll(() => void vi.stubGlobal("document", fakeDocument));
afterAll(() => void vi.unstubAllGlobals());

/** Shows a text that arrives in pieces. */
function show(...pieces: string[]): FakeElement {
  const root = new FakeElement("root");
  const view = new MarkdownView(root as never);
  for (const piece of pieces) view.append(piece);
  return root;
}

/** Outline without attributes. */
const outline = (...pieces: string[]) =>
  show(...pieces)
    .children.map((child) => (child as FakeElement).outline())
    .join(" ")
    .replace(/\[\w+=[^\]"]*\]/g, "");

describe("blocks", () => {
  test.each([
    ["One.\n\nTwo\nlines.", 'p("One.") p("Two\\nlines.")'],
    ["# Title\ntext\n### Deep #", 'h3("Title") p("text") h3("Deep")'],
    ["a\n---\n* * *", 'p("a") hr() hr()'],
    ["- a\n- b\n  - c\n    more\n\n  text\n- d", 'ul(li("a") li("b" ul(li("c\\nmore")) p("text")) li("d"))'],
    ["2) a\n3) b", 'ol(li("a") li("b"))'],
    ["It was\n1986. A year\n- a", 'p("It was\\n1986. A year") ul(li("a"))'],
    ["> a\n> > b\n> - c", 'blockquote(p("a") blockquote(p("b")) ul(li("c")))'],
    [
      "a | b\n--|:-:\n1 | 2\n3 | x | 5",
      'table(thead(tr(th("a") th("b"))) tbody(tr(td("1") td("2")) tr(td("3") td("x | 5"))))',
    ],
    ["| a |\n| - |\n| \\| |", 'table(thead(tr(th("a"))) tbody(tr(td("|"))))'],
    ["a | b\n--|-|-", 'p("a | b\\n--|-|-")'],
    ["- a\n- \n-", 'ul(li("a") li() li())'],
    ["\ttab", 'p("tab")'],
  ])("%j", (text, expected) => {
    expect(outline(text)).toBe(expected);
  });

  test("code keeps its lines and names its language", () => {
    const [block] = show("```ts\nconst a = `<b>`;\n\n  *b*\n```\nafter").children as FakeElement[];
    expect(block?.all().map(({ name }) => name)).toEqual(["div", "div", "span", "button", "pre", "code"]);
    expect(block?.text()).toBe("tsconst a = `<b>`;\n\n  *b*");
    expect(show("~~~\nopen\n```").text()).toBe("open\n```");
    expect(show("- a\n  ```\n  b\n  ```").text()).toBe("ab");
  });
});

describe("inline", () => {
  test.each([
    ["a *b* **c** ***d*** _e_ __f__", '"a " em("b") " " strong("c") " " strong(em("d")) " " em("e") " " strong("f")'],
    ["**a *b* c**", 'strong("a " em("b") " c")'],
    ["snake_case_name and 2 * 3 * 4", '"snake_case_name and 2 * 3 * 4"'],
    ["*open **both*", 'em("open **both")'],
    ["` ` ` a `", '"` ` " code("a")'],
    ["`a * b` ``c ` d`` `open", 'code("a * b") " " code("c ` d") " `open"'],
    ["\\*a\\* \\\\ \\b", '"*a* \\\\ \\\\b"'],
    ["[a *b*](https://example.org/x_(y))", 'a("a " em("b"))'],
    [
      "![image](https://example.org/a.png) ![](https://example.org/b.png)",
      'a("image") " " a("https://example.org/b.png")',
    ],
    [
      "See https://example.org/a_b_c. (https://example.org)",
      '"See " a("https://example.org/a_b_c") ". (" a("https://example.org") ")"',
    ],
    ["<https://example.org>", '"<" a("https://example.org") ">"'],
    ["[a](javascript:alert(1)) [b](data:text/html,x)", '"[a](javascript:alert(1)) [b](data:text/html,x)"'],
    ["[[a](https://example.org)](https://example.org)", 'a("[a](https://example.org)")'],
    [
      "<script>alert(1)</script> <img src=x onerror=alert(1)>",
      '"<script>alert(1)</script> <img src=x onerror=alert(1)>"',
    ],
    ["[a](https://example.org 'title')", '"[a](" a("https://example.org") " \'title\')"'],
  ])("%j", (text, expected) => {
    expect(outline(text)).toBe(`p(${expected})`);
  });

  test.each([
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    " javascript:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "file:///etc/passwd",
    "//example.org",
    "/path",
    "http:example.org",
    "https://",
    "https://exa mple.org",
    "https://example.org/\u0000",
    `https://example.org/${"a".repeat(2000)}`,
  ])("%j cannot be opened", (address) => {
    expect(safeAddress(address)).toBe(null);
  });

  test("a link leaves no trace of the page that it was on", () => {
    const link = show("[a](HTTPS://Example.org)")
      .all()
      .find(({ name }) => name === "a");
    expect(Object.fromEntries(link?.attributes ?? [])).toEqual({
      href: "https://example.org/",
      target: "_blank",
      rel: "noopener noreferrer",
    });
  });
});

const pieces = [
  ...'aZ \n\t*_`~[]()!<>#-+|\\:1.2\r"&',
  "\n\n",
  "\n- ",
  "\n  ",
  "\n> ",
  "\n1. ",
  "\n```\n",
  "**",
  "](",
  "|-|-|",
  "\n--|--\n",
  "<script>",
  "<img src=x>",
  "https://example.org",
  "javascript:a",
  "\u202E",
  "é",
  "😀",
];
const markdown = fc.array(fc.constantFrom(...pieces), { maxLength: 60 });
/** Pieces that make no link, whose address is not shown. */
const withoutLinks = fc.array(fc.constantFrom(...pieces.filter((piece) => !piece.includes("https"))), {
  maxLength: 60,
});

const ELEMENTS = new Set(
  "root p h3 em strong code pre div span button ul ol li blockquote table thead tbody tr th td a hr".split(" "),
);
const ATTRIBUTES = new Set(["href", "class", "rel", "target", "dir", "start", "type"]);

describe("any text", () => {
  test("keeps its words, in their order", () => {
    const words = (text: string) => text.replace(/[^\p{L}\u{1F600}]/gu, "");
    fc.assert(
      fc.property(withoutLinks, (parts) => void expect(words(show(parts.join("")).text())).toBe(words(parts.join("")))),
      {
        numRuns: 1000,
      },
    );
  });

  test("becomes elements and attributes that are allowed", () => {
    fc.assert(
      fc.property(fc.oneof(markdown, fc.array(fc.string({ unit: "binary" }))), (parts) => {
        for (const { name, attributes } of show(parts.join("")).all()) {
          expect(ELEMENTS).toContain(name);
          for (const [attribute, value] of attributes) {
            expect(ATTRIBUTES).toContain(attribute);
            if (attribute === "href") expect(value).toMatch(/^(https?:\/\/|mailto:)/);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  test("looks the same in whatever pieces it arrives", () => {
    fc.assert(
      fc.property(markdown, (parts) => void expect(show(...parts).outline()).toBe(show(parts.join("")).outline())),
      { numRuns: 2000 },
    );
  });

  test("that grows leaves finished blocks alone", () => {
    const root = new FakeElement("root");
    const view = new MarkdownView(root as never);
    view.append("# a\n\nb\n\n```\nc\n```\n\nd");
    const before = [...root.children];
    view.append(" e\n\nf");
    expect(root.children.slice(0, 3)).toEqual(before.slice(0, 3));
    for (const [index, child] of before.slice(0, 3).entries()) expect(root.children[index]).toBe(child);
    expect(root.children.map((child) => (child as FakeElement).name)).toEqual(["h3", "p", "div", "p", "p"]);
    view.clear();
    expect(root.children).toEqual([]);
    view.append("new");
    expect(root.text()).toBe("new");
  });
});

describe("a megabyte", () => {
  const MEGABYTE = 2 ** 20;
  test.each([
    "*",
    "**",
    "*a",
    "*a ",
    "a*",
    "**a *b ",
    "_a_",
    "[",
    "]",
    "![",
    "[a](",
    "[a](b",
    "[a](https://a/",
    "](",
    "`",
    "` ",
    "`a``b",
    "```\n",
    "> ",
    ">",
    ">\n",
    "> a\n>> b\n",
    "- ",
    "- a\n",
    "-\n",
    "  - a\n\n",
    "- a\n\n   b\n",
    "1. ",
    "|",
    "|a",
    "|-",
    "a|b\n-|-\n",
    "|\n",
    "#",
    "# a\n",
    "\\",
    "\\[",
    "<",
    "<https://",
    "https://a ",
    "http://",
    "~~a",
    "~",
    "\t",
    " ",
    "\n",
    " \n",
    "\n\n a",
    "---\n",
    "- - - ",
    "* * ",
    "a",
    "é",
    "\u0000",
    "\r",
    "((",
    "!",
  ])("of %j takes time in proportion to its length", (unit) => {
    const begun = performance.now();
    const root = show(unit.repeat(MEGABYTE / unit.length));
    // A tenth of a second is usual. In quadratic time it would be an hour.
    expect(performance.now() - begun).toBeLessThan(20_000);
    expect(deepest(root)).toBeLessThan(50);
  });
});

/** Elements inside each other. Browsers end a page with some thousands. */
function deepest(root: FakeElement): number {
  let depth = 0;
  let level: FakeElement[] = [root];
  while (level.length > 0) {
    depth += 1;
    level = level.flatMap(({ children }) => children.filter((child) => child instanceof FakeElement));
  }
  return depth;
}
