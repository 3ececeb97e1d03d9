import type { Command } from "../command-line/command.js";

export const optimize: Command = {
  name: "optimize",
  summary: "Say which model fits, how, and how fast it will be.",
  details:
    "Reads the header of a GGUF file, or of every one in a folder, and plans how to load it, before any memory is allocated.\nA file that does not exist is assumed to have twice the target size. Each forecast names its basis: measured, calibrated or prior.\nExit code 3: nothing fits --budget-mb.",
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
      description:
        "Memory limit for the agent with its program, in MB, like spec.max_memory_mb. Default: all memory that is available.",
      notWith: ["calibrate"],
    },
    context: {
      kind: "positive-number",
      placeholder: "N",
      description:
        "Context length, in tokens. Default: 4096, or fewer if they do not fit; with --for context, as many as fit.",
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
      description: "Goal of the plan: speed, context or quality. Default: quality.",
      choices: ["speed", "context", "quality"],
      notWith: ["calibrate"],
    },
    explain: {
      kind: "flag",
      description: "Show how the memory of the best plan adds up, line by line.",
      notWith: ["calibrate", "json"],
    },
    calibrate: {
      kind: "text",
      placeholder: "PATH",
      description:
        "Measure the speed of this device with a small, dense model. This takes some minutes; later forecasts for all models use it.",
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
