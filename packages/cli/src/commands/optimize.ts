import type { Command } from "../command-line/command.js";

export const optimize: Command = {
  name: "optimize",
  summary: "Find out which model fits, and how fast it will be.",
  details:
    "Reads the header of a GGUF file, or of all in a folder, and plans how to load it, with every byte of memory counted.\nA file that does not exist is assumed to have twice the target size. Speeds are measured, calibrated or priors, as the output says.\nExit code 3: nothing fits the budget.",
  options: {
    model: {
      kind: "path",
      placeholder: "PATH",
      description: "Model file, a folder of model files, or a model's name.",
    },
    "target-mb": {
      kind: "positive-number",
      placeholder: "N",
      description: "File size to reach, in MB.",
      notWith: ["calibrate"],
    },
    "budget-mb": {
      kind: "positive-number",
      placeholder: "N",
      description: "Memory budget of the agent and its program (spec.max_memory_mb), in MB. Default: available memory.",
      notWith: ["calibrate"],
    },
    context: {
      kind: "positive-number",
      placeholder: "N",
      description:
        "Tokens of context that are required. Default: 4096, or as many as fit (--for context: as many as fit).",
      notWith: ["calibrate"],
    },
    device: {
      kind: "path",
      placeholder: "FILE|auto",
      description: "Plan for the device in FILE (from `nanoagent profile --json`). Default: auto, this device.",
      notWith: ["calibrate"],
    },
    for: {
      kind: "text",
      placeholder: "GOAL",
      description: "Goal that comes first: speed, context or quality. Default: quality.",
      choices: ["speed", "context", "quality"],
      notWith: ["calibrate"],
    },
    explain: {
      kind: "flag",
      description: "Show the memory of the best plan, line by line.",
      notWith: ["calibrate", "json"],
    },
    calibrate: {
      kind: "path",
      placeholder: "PATH",
      description:
        "Measure this device's speed with a small, dense model. Takes some minutes, and improves the forecasts for all models.",
    },
    json: { kind: "flag", description: "Print advice and plans as JSON." },
  },
  needsOneOf: ["model", "calibrate"],
  examples: [
    "nanoagent optimize --model ./model.gguf --explain",
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
