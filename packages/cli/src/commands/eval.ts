import type { Command } from "../command-line/command.js";
import { samplingFlags } from "../command-line/sampling-flags.js";

export const evaluate: Command = {
  name: "eval",
  summary: "Measure how often a model does the right thing.",
  details:
    "Runs scenarios (sentences and dialogues with the calls that they should lead to) and reports how often the right thing happened.\nTools are simulated. The table has a column for each --model and --config, and one for a baseline that only compares words.\nWithout SCENARIOS, the built-in ones run. Ctrl-C stops and shows the results so far.\nExit code 1: fewer were right than --min-right, or an engine kept failing.",
  operand: { name: "scenarios", placeholder: "SCENARIOS", isPath: true, repeats: true },
  options: {
    model: {
      kind: "path",
      placeholder: "PATH",
      description: "GGUF model to try, or the name of one. May be repeated.",
      repeats: true,
    },
    config: {
      kind: "path",
      placeholder: "PATH",
      description:
        "Config whose engine, sampling and instructions to try, without its tools. May be repeated. Default without --model: agent.yaml.",
      repeats: true,
    },
    times: { kind: "positive-number", placeholder: "N", description: "Runs of each scenario. Default: 1." },
    part: {
      kind: "text",
      placeholder: "PART",
      description: "Only scenarios of this part: training, development or sealed.",
      choices: ["training", "development", "sealed"],
    },
    group: { kind: "text", placeholder: "NAME", description: "Only scenarios of this group, such as call or none." },
    language: { kind: "text", placeholder: "CODE", description: "Only scenarios in this language, such as en." },
    limit: { kind: "positive-number", placeholder: "N", description: "At most this many scenarios, evenly spread." },
    temperature: {
      ...(samplingFlags.temperature as Command["options"][string]),
      description: "Randomness; 0 always takes the likeliest token. Default: the config's, or 0.",
    },
    seed: {
      kind: "number",
      placeholder: "N",
      description: "The same seed gives the same replies; each run adds 1 to it.",
    },
    "max-tokens": {
      kind: "number",
      placeholder: "N",
      description: "Longest reply, in tokens. Default: the config's, or 512.",
    },
    "min-right": {
      kind: "positive-number",
      placeholder: "PERCENT",
      description: "Exit with code 1 if an engine gets less than this share of the scenarios right.",
    },
    "show-wrong": { kind: "flag", description: "List the scenarios that were not right, and why.", notWith: ["json"] },
    junit: { kind: "path", placeholder: "FILE", description: "Also write the results to FILE, as JUnit XML." },
    json: { kind: "flag", description: "Print all results as JSON." },
  },
  examples: [
    "nanoagent eval --model model.gguf",
    "nanoagent eval --model small-q4_0.gguf --model small-q8_0.gguf --part development --limit 60",
    "nanoagent eval scenarios.yaml --config agent.yaml --show-wrong",
    "nanoagent eval scenarios.yaml --config agent.yaml --min-right 85 --junit report.xml",
  ],
  loadAction: async () => (await import("../eval/evaluate-engines.js")).evaluateEngines,
};
