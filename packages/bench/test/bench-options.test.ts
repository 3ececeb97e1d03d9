import { expect, it } from "vitest";
import { parseBenchOptions } from "../src/bench-options.mjs";

const defaults = { runs: 15, peers: true, json: false, help: false };

it.each([
  { args: [], options: {} },
  { args: ["--json"], options: { json: true } },
  { args: ["--", "--json", "--no-peers"], options: { json: true, peers: false } },
  { args: ["--runs", "3"], options: { runs: 3 } },
  { args: ["--runs=40"], options: { runs: 40 } },
  { args: ["--help"], options: { help: true } },
])("$args", ({ args, options }) => {
  expect(parseBenchOptions(args)).toEqual({ ...defaults, ...options });
});

it.each([[["--runs", "0"]], [["--runs", "many"]], [["--runs", "1.5"]], [["--peers"]], [["fast"]]])(
  "refuses %j",
  (args) => {
    expect(() => parseBenchOptions(args)).toThrow(TypeError);
  },
);
