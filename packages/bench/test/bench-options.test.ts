import { expect, it } from "vitest";
import { isWanted, parseBenchOptions } from "../src/bench-options.mjs";

const questions = [
  "start",
  "turn",
  "session",
  "program",
  "intents",
  "idle",
  "serve",
  "triggers",
  "profile",
  "model",
  "engine",
  "neighbors",
  "first-token",
  "one-word",
  "drafts",
  "abort",
  "size",
];
const defaults = { runs: 15, pairs: 5, rows: [], questions, peers: true, json: false, help: false };

it.each([
  { args: [], options: {} },
  { args: ["--json"], options: { json: true } },
  { args: ["--", "--json", "--no-peers"], options: { json: true, peers: false } },
  { args: ["--runs", "3"], options: { runs: 3 } },
  { args: ["--runs=40"], options: { runs: 40 } },
  { args: ["--help"], options: { help: true } },
  { args: ["--pairs", "2"], options: { pairs: 2 } },
  {
    args: ["--rows", "engine/135m,turn"],
    options: { rows: ["engine/135m", "turn"], questions: ["turn", "engine"] },
  },
  { args: ["--only", "intents,turn"], options: { questions: ["turn", "intents"] } },
])("$args", ({ args, options }) => {
  expect(parseBenchOptions(args)).toEqual({ ...defaults, ...options });
});

it.each([
  [["--runs", "0"]],
  [["--runs", "many"]],
  [["--runs", "1.5"]],
  [["--pairs", "0"]],
  [["--rows", "speed/135m"]],
  [["--rows", ""]],
  [["--peers"]],
  [["--only", "speed"]],
  [["--only", ""]],
  [["fast"]],
])("refuses %j", (args) => {
  expect(() => parseBenchOptions(args)).toThrow(TypeError);
});

it("isWanted accepts the given rows and their questions, and no others", () => {
  const rows = ["engine/135m", "drafts/0.5b/quote"];
  for (const name of ["engine", "engine/135m", "engine/135m-one/decode-cpu", "drafts", "drafts/0.5b"])
    expect(isWanted(rows, name)).toBe(true);
  for (const name of ["engine/0.5b", "drafts/1.5b", "drafts/0.5b/edit", "turn"])
    expect(isWanted(rows, name)).toBe(false);
  expect(isWanted([], "turn/nanoagent/time")).toBe(true);
});
