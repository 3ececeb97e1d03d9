import { expect, test } from "vitest";
import { rankTools } from "../../src/tools/rank-tools.js";
import { RepeatedCalls } from "../../src/tools/repeated-calls.js";

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

const shortlistTools = (query: string, list: typeof tools, count: number) =>
  rankTools(query, list)
    .slice(0, count)
    .map((ranked) => ranked.tool);

test.each([
  ["please water the tomatoes", "water_bed"],
  ["is watering on?", "water_bed"],
  ["what is the Temperature now", "readTemperature"],
  ["open the window", "open_window"],
  ["take a note: buy seeds", "add_note"],
])("%s", (query, name) => {
  expect(shortlistTools(query, tools, 1).map((found) => found.name)).toEqual([name]);
});

test("is the same whatever the order of the tools, and falls back on their names", () => {
  const names = (query: string, list: typeof tools) => shortlistTools(query, list, 3).map(({ name }) => name);
  for (const query of ["open the valve", "mail", "", "?", "zzz"]) {
    expect(names(query, tools.toReversed())).toEqual(names(query, tools));
  }
  expect(names("", tools)).toEqual(["add_note", "open_window", "readTemperature"]);
  expect(shortlistTools("a", [], 3)).toEqual([]);
});

test("a giant message takes no longer than its beginning", () => {
  expect(shortlistTools(`water ${"x ".repeat(5_000_000)}`, tools, 1)[0]?.name).toBe("water_bed");
});

test("going in circles is three times the same round with the same results", () => {
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
  // Asking for something that changes is waiting, and no circle.
  expect(circles(["a", {}, "1"], ["a", {}, "2"], ["a", {}, "3"])).toEqual([false, false, false]);
});
