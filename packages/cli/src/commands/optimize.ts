import type { Command } from "../command.js";

export const optimize: Command = {
  name: "optimize",
  summary: "Say how to make a model fit a size.",
  details:
    "Looks at the size of the model file alone. A file that does not exist is taken to be twice the target.\nThe latency is that of the model as it is, on this device.",
  options: {
    model: { kind: "text", placeholder: "PATH", description: "Model file.", required: true },
    "target-mb": {
      kind: "positive-number",
      placeholder: "N",
      description: "The size to reach, in MB.",
      required: true,
    },
    json: { kind: "flag", description: "Print the advice as JSON." },
  },
  examples: ["nanoagent optimize --model ./model.gguf --target-mb 512"],
  loadAction: async () => (await import("../optimize/advise-size.js")).adviseSize,
};
