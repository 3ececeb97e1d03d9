import type { Command } from "../command-line/command.js";

export const optimize: Command = {
  name: "optimize",
  summary: "Say which model fits, how, and how fast it will be.",
  details:
    "Reads the header of a GGUF file, or of all in a folder, and plans how to load it: every byte is counted before any is taken.\nA file that does not exist is taken to be twice the target. What a plan stands on is said with it: measured, calibrated or prior.\nExit code 3: nothing fits --budget-mb.",
  options: {
    model: { kind: "text", placeholder: "PATH", description: "Model file, or a folder of them." },
    "target-mb": {
      kind: "positive-number",
      placeholder: "N",
      description: "The file size to reach, in MB.",
      notWith: ["calibrate"],
    },
    "budget-mb": {
      kind: "positive-number",
      placeholder: "N",
      description: "What the agent may take with its program, as spec.max_memory_mb, in MB. Default: what there is.",
      notWith: ["calibrate"],
    },
    context: {
      kind: "positive-number",
      placeholder: "N",
      description:
        "Tokens of context that it must have. Default: 4096, or as many as fit (--for context: as many as fit).",
      notWith: ["calibrate"],
    },
    device: {
      kind: "text",
      placeholder: "FILE|auto",
      description: "Plan for the device that `nanoagent profile --json` has described. Default: auto, this one.",
      notWith: ["calibrate"],
    },
    for: {
      kind: "text",
      placeholder: "GOAL",
      description: "What comes first: speed, context or quality. Default: quality.",
      choices: ["speed", "context", "quality"],
      notWith: ["calibrate"],
    },
    explain: {
      kind: "flag",
      description: "Show the sum of the best plan, line by line.",
      notWith: ["calibrate", "json"],
    },
    calibrate: {
      kind: "text",
      placeholder: "PATH",
      description:
        "Measure how fast this device is with a model: a small, dense one. It takes some minutes, and forecasts of all others stand on it.",
    },
    json: { kind: "flag", description: "Print advice and plans as JSON." },
  },
  needsOneOf: ["model", "calibrate"],
  examples: [
    "nanoagent optimize --model ./model.gguf --target-mb 512",
    "nanoagent optimize --model ./models --budget-mb 2048 --for speed",
    "nanoagent optimize --model ./model.gguf --device device.json --context 4096 --explain",
    "nanoagent optimize --calibrate ./small.gguf",
  ],
  loadAction: async () => {
    const { optimizeModel } = await import("../optimize/optimize-model.js");
    return optimizeModel;
  },
};
