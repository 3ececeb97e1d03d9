import fc from "fast-check";
import { expect, test } from "vitest";
import { ToolShortlist } from "../../src/tools/tool-shortlist.js";

const words = ["water", "light", "window", "door", "music", "fan", "pump", "lamp", "timer", "mail", "photo", "alarm"];
const tools = words.map((word) => ({ name: word, description: `Works the ${word}.`, inputSchema: { type: "object" } }));
const namesOf = (some: readonly { name: string }[]) => some.map(({ name }) => name).sort();

test("keeps the tools of the previous message for a message that names none", () => {
  const shortlist = new ToolShortlist();
  const first = shortlist.choose("water and light, please", tools, 4);
  expect(namesOf(first)).toEqual(expect.arrayContaining(["light", "water"]));
  expect(namesOf(shortlist.choose("and the south one?", tools, 4))).toEqual(namesOf(first));
});

test("changes nothing while the likely tools are included, and adds missing ones", () => {
  const shortlist = new ToolShortlist();
  const first = namesOf(shortlist.choose("the water, the light and the window", tools, 4));
  expect(namesOf(shortlist.choose("only the light", tools, 4))).toEqual(first);
  const later = namesOf(shortlist.choose("music", tools, 4));
  expect(later).toContain("music");
  // The remaining tools are still the earlier ones, as far as there is room.
  expect(later.filter((name) => first.includes(name))).toHaveLength(3);
});

test("drops a removed tool", () => {
  const shortlist = new ToolShortlist();
  shortlist.choose("music", tools, 4);
  const rest = tools.filter(({ name }) => name !== "music");
  expect(namesOf(shortlist.choose("and now?", rest, 4))).not.toContain("music");
});

test("returns the requested number of distinct tools, with the three most likely, for any message", () => {
  const messages = fc.array(fc.array(fc.constantFrom(...words, "please", "x"), { maxLength: 6 }), { maxLength: 12 });
  fc.assert(
    fc.property(messages, fc.integer({ min: 1, max: 14 }), (said, count) => {
      const shortlist = new ToolShortlist();
      for (const message of said) {
        const names = namesOf(shortlist.choose(message.join(" "), tools, count));
        expect(new Set(names).size).toBe(Math.min(count, tools.length));
        const named = [...new Set(message.filter((word) => words.includes(word)))];
        expect(names.filter((name) => named.includes(name)).length).toBeGreaterThanOrEqual(
          Math.min(3, count, named.length),
        );
      }
    }),
  );
});
