import fc from "fast-check";
import { expect, test } from "vitest";
import { spokenText } from "../../src/wyoming/spoken-text.js";

test.each([
  ["Hello from garden! How can I assist?", "Hello from garden! How can I assist?"],
  ["The lamp is **on**.", "The lamp is on."],
  ["**Note**: it is *warm* and _dry_, ~~cold~~.", "Note: it is warm and dry, cold."],
  ["# Report\n\n- one\n* two\n+ three\n1. four", "Report\n\none\ntwo\nthree\n1. four"],
  ["- [x] done\n- [ ] open", "done\nopen"],
  ["> quoted\n> > twice", "quoted\ntwice"],
  ["Run `ls -l`.\n\n```sh\nls\n```\n\nDone.", "Run ls -l.\n\nls\n\nDone."],
  ['See [the page](https://example.org/a_b) and ![a cat](cat.png "Cat").', "See the page and a cat."],
  ["| room | °C |\n|:-----|---:|\n| hall | 21 |", "room, °C\n\nhall, 21"],
  ["above\n\n---\n\nbelow", "above\n\nbelow"],
  ["2 * 3 = 6, 5*3 = 15, snake_case, -5 °C, 3 > 2, a|b, #5", "2 * 3 = 6, 5*3 = 15, snake_case, -5 °C, 3 > 2, a|b, #5"],
  ["这是**重点**内容", "这是重点内容"],
  ["\\*not bold\\* and 1\\. no list", "*not bold* and 1. no list"],
  ["  two   spaces \t ", "two spaces"],
  ["> 20 °C", "> 20 °C"],
  [">20 °C\n", ">20 °C"],
  ["- 5 degrees", "- 5 degrees"],
  ["\n- 5 **degrees**", "- 5 degrees"],
  ["> -5 °C", "> -5 °C"],
  ["+ .5 V", "+ .5 V"],
  ["- 5 eggs\n- 2 onions", "5 eggs\n2 onions"],
  ["> quoted", "quoted"],
  ["- eggs", "eggs"],
  ["", ""],
])("%j is spoken as %j", (reply, spoken) => {
  expect(spokenText(reply)).toBe(spoken);
});

test("takes any text, and words stay", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."*_~`#>|[]()!\\- \na1") }), (text) => {
      const letters = (some: string) => some.replaceAll(/[^a]/g, "").length;
      expect(letters(spokenText(text))).toBeLessThanOrEqual(letters(text));
    }),
  );
  fc.assert(
    fc.property(fc.array(fc.string({ unit: fc.constantFrom(..."abcäö"), minLength: 1 }), { minLength: 1 }), (words) => {
      expect(spokenText(words.join(" "))).toBe(words.join(" "));
    }),
  );
});

test.each(["*", "_", "**a", "~~", "`", "[", "![", "[](", "- ", "> ", "|", "| ", " ", "\n", "\\", "#", "*a* "])(
  "a hostile text of %j takes linear time",
  (piece) => {
    const text = piece.repeat(Math.ceil(200_000 / piece.length));
    const begun = performance.now();
    spokenText(text);
    expect(performance.now() - begun).toBeLessThan(5000);
  },
);
