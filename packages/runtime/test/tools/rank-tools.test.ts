import fc from "fast-check";
import { expect, test } from "vitest";
import { splitWords } from "../../src/split-words.js";
import { ToolRanking } from "../../src/tools/rank-tools.js";
import { RepeatedCalls } from "../../src/tools/repeated-calls.js";
import { ToolShortlist } from "../../src/tools/tool-shortlist.js";

const tool = (name: string, description: string, ...properties: string[]) => ({
  name,
  description,
  inputSchema: {
    type: "object",
    properties: Object.fromEntries(properties.map((key) => [key, { type: "string", description: "" }])),
  },
});

const tools = [
  tool("water_bed", "Opens the valve of a bed for some minutes.", "bed", "minutes"),
  tool("readTemperature", "Reads the temperature of the air in degrees.", "sensor"),
  tool("open_window", "Opens or closes a window.", "window"),
  tool("send_mail", "Sends a mail to somebody.", "address"),
  tool("add_note", "Keeps a note.", "note"),
];

const shortlistTools = (query: string, list: typeof tools, count: number) => {
  const ranking = ToolRanking.of(list);
  return [...new Set([...ranking.find(query), ...ranking.byName])].slice(0, count);
};

test.each([
  ["please water the tomatoes", "water_bed"],
  ["is watering on?", "water_bed"],
  ["what is the Temperature now", "readTemperature"],
  ["open the window", "open_window"],
  ["take a note: buy seeds", "add_note"],
])("%s", (query, name) => {
  expect(shortlistTools(query, tools, 1).map((found) => found.name)).toEqual([name]);
});

test("does not depend on the order of the tools, and falls back to their names", () => {
  const names = (query: string, list: typeof tools) => shortlistTools(query, list, 3).map(({ name }) => name);
  for (const query of ["open the valve", "mail", "", "?", "zzz"]) {
    expect(names(query, tools.toReversed())).toEqual(names(query, tools));
  }
  expect(names("", tools)).toEqual(["add_note", "open_window", "readTemperature"]);
  expect(shortlistTools("a", [], 3)).toEqual([]);
});

/** The reference: the formula, with all tools read again. */
function rankByFormula(query: string, list: typeof tools): string[] {
  const termsOf = (text: string) =>
    splitWords(text.replace(/(\p{Ll})(\p{Lu})/gu, "$1 $2")).flatMap(({ text: word }) =>
      word.length < 4 ? [[word]] : [[word, `${word.slice(0, 4)}…`]],
    );
  const documents = list.map(({ name, description, inputSchema }) => [
    ...[name, name, name, description, ...Object.keys(inputSchema.properties)].flatMap(termsOf),
  ]);
  const average = documents.reduce((sum, { length }) => sum + length, 0) / list.length;
  const timesIn = (document: string[][], term: string) => document.flat().filter((other) => other === term).length;
  const scores = list.map((_, index) => {
    let score = 0;
    for (const term of new Set(splitWords(query).flatMap(({ text }) => termsOf(text).flat()))) {
      const uses = documents.filter((document) => timesIn(document, term) > 0).length;
      const times = timesIn(documents[index] ?? [], term);
      if (uses > list.length / 2 || times === 0) continue;
      const weight = Math.log(1 + (list.length - uses + 0.5) / (uses + 0.5));
      score += (weight * times * 2.2) / (times + 1.2 * (0.25 + (0.75 * (documents[index]?.length ?? 0)) / average));
    }
    return score;
  });
  return list
    .map(({ name }, index) => ({ name, score: scores[index] ?? 0 }))
    .filter(({ score }) => score > 0)
    .sort((one, other) => other.score - one.score || (one.name < other.name ? -1 : 1))
    .map(({ name }) => name);
}

test("matches the formula for any tools and message", () => {
  const words = fc.array(fc.constantFrom("open", "opens", "valve", "bed", "air", "note", "mail", "a", "window"), {
    maxLength: 6,
  });
  const list = fc
    .uniqueArray(fc.tuple(fc.nat(40), words, words), { selector: ([number]) => number, minLength: 1, maxLength: 12 })
    .map((some) =>
      some.map(([number, said, keys]) => tool(`${said[0] ?? "x"}_${number}`, said.join(" "), ...new Set(keys))),
    );
  fc.assert(
    fc.property(list, words, (some, said) => {
      const message = said.join(" ");
      expect(
        ToolRanking.of(some)
          .find(message)
          .map(({ name }) => name),
      ).toEqual(rankByFormula(message, some));
    }),
    { numRuns: 1000 },
  );
});

test("reads the tools of a list only once for all messages and conversations", () => {
  let reads = 0;
  const list = Array.from({ length: 500 }, (_, index) => ({
    name: `tool_${index}`,
    get description() {
      reads += 1;
      return `Reads the pressure of pump ${index}.`;
    },
    inputSchema: { type: "object" },
  }));
  for (let conversation = 0; conversation < 3; conversation++) {
    const shortlist = new ToolShortlist();
    for (let turn = 0; turn < 20; turn++) shortlist.choose(`How is pump ${turn}?`, list, 12);
  }
  expect(reads).toBe(500);
});

test("takes no longer for a huge message than for its beginning", () => {
  expect(shortlistTools(`water ${"x ".repeat(5_000_000)}`, tools, 1)[0]?.name).toBe("water_bed");
});

test("detects a loop after three equal rounds with equal results", () => {
  const circles = (...calls: [string, unknown, string][]) => {
    const repeated = new RepeatedCalls();
    return calls.map(([name, input, result]) => repeated.add(name, input, result));
  };
  const a: [string, unknown, string] = ["a", { x: 1, y: [1] }, "r"];
  const sameAsA: [string, unknown, string] = ["a", { y: [1], x: 1 }, "r"];
  const b: [string, unknown, string] = ["b", {}, "r"];
  expect(circles(a, sameAsA, a)).toEqual([false, false, true]);
  expect(circles(a, b, a, b, a, b)).toEqual([false, false, false, false, false, true]);
  expect(circles(a, a, b, a, a, b, a, a)).not.toContain(true);
  // Repeated calls with changing results are polling, not a loop.
  expect(circles(["a", {}, "1"], ["a", {}, "2"], ["a", {}, "3"])).toEqual([false, false, false]);
});
