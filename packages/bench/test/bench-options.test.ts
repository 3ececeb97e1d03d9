import { expect, it } from "vitest";
import { parseBenchOptions } from "../src/bench-options.mjs";

const questions = ["start", "turn", "session", "intents", "idle", "profile", "model", "size"];
const defaults = { runs: 15, questions, peers: true, json: false, help: false };

it.each([
  { args: [], options: {} },
  { args: ["--json"], options: { json: true } },
  { args: ["--", "--json", "--no-peers"], options: { json: true, peers: false } },
  { args: ["--runs", "3"], options: { runs: 3 } },
  { args: ["--runs=40"], options: { runs: 40 } },
  { args: ["--help"], options: { help: true } },
  { args: ["--only", "intents,turn"], options: { questions: ["turn", "intents"] } },
])("$args", ({ args, options }) => {
  expect(parseBenchOptions(args)).toEqual({ ...defaults, ...options });
});

it.each([
  [["--runs", "0"]],
  [["--runs", "many"]],
  [["--runs", "1.5"]],
  [["--peers"]],
  [["--only", "speed"]],
  [["--only", ""]],
  [["fast"]],
])("refuses %j", (args) => {
  expect(() => parseBenchOptions(args)).toThrow(TypeError);
});
