import type { Scenario, ScenarioFile } from "@nanoagent/models";
import fc from "fast-check";
import { expect, test } from "vitest";
import { wordsOverlapBaseline } from "../../src/eval/words-overlap-baseline.js";
import { houseFile } from "./house-file.js";

const calls = (say: string, file: ScenarioFile = houseFile()) =>
  wordsOverlapBaseline([{ ...file, scenarios: [{ id: "a", say }] }]).results[0]?.turns[0]?.calls.map(
    ({ name, arguments: given }) => [name, given],
  );

test.each<[say: string, called: unknown[]]>([
  ["Switch the lamp in the kitchen on", [["switch_lamp", { room: "kitchen", state: "on" }]]],
  ["bedroom lamp OFF!", [["switch_lamp", { room: "bedroom", state: "off" }]]],
  [
    "Switch the kitchen lamp on, 40 percent, and 500 more",
    [["switch_lamp", { room: "kitchen", state: "on", percent: 40 }]],
  ],
  ["What is the temperature on the thermometer?", [["read_thermometer", {}]]],
  ["Hello, who are you?", []],
  ["", []],
])("%j", (say, called) => {
  expect(calls(say)).toEqual(called);
});

test("asks where a required argument is missing, and reads every turn on its own", () => {
  const scenario: Scenario = {
    id: "a",
    turns: [{ say: "Switch a lamp off, please", asks: true }, { say: "The one in the kitchen" }],
  };
  const { results, interrupted } = wordsOverlapBaseline([houseFile(scenario)]);
  expect(results[0]?.turns.map(({ verdict, calls: made }) => [verdict, made.length])).toEqual([
    ["right", 0],
    ["right", 0],
  ]);
  expect(interrupted).toBe(false);
});

test("does not depend on the order of the tools, and never makes an invalid call", () => {
  const words = fc.constantFrom(
    "switch",
    "lamp",
    "kitchen",
    "on",
    "off",
    "note",
    "board",
    "temperature",
    "7",
    "the",
    "read",
    "hello",
  );
  fc.assert(
    fc.property(
      fc.array(words).map((all) => all.join(" ")),
      (say) => {
        const file = houseFile();
        const turned = { ...file, tools: [...file.tools].reverse() };
        const made = calls(say, file);
        expect(calls(say, turned)).toEqual(made);
        const [lamp] = (made ?? []).filter(([name]) => name === "switch_lamp");
        if (lamp !== undefined) expect(lamp[1]).toMatchObject({ room: expect.any(String), state: expect.any(String) });
        expect(made?.filter(([name]) => name === "write_note")).toEqual([]);
      },
    ),
  );
});
