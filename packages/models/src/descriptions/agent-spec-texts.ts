import type { KeyTexts } from "./key-texts.js";

export const agentSpecTexts: KeyTexts = {
  "": "Name, capabilities and memory limits of an agent.",
  name: { description: "Name of the agent. The built-in rules use it in their replies.", examples: ["greenhouse"] },
  version: { description: 'Version of the agent, in quotes: `"1.0"`, not `1.0`.', examples: ["1.0.0"] },
  capabilities: {
    description:
      "Skills, tools and MCP servers that the model may use, by name. The built-in capabilities are `status-check` " +
      "and `echo`. Intents can call every tool, listed or not.",
    examples: [
      ["status-check", "echo"],
      ["watering", "read_soil"],
    ],
  },
  max_memory_mb: {
    description:
      "Memory limit for the agent, its model and its tools, in MB (2^20 bytes). A model that does not fit is not " +
      "loaded; at run time the limit is enforced.",
    examples: [64, 256, 2048],
  },
  max_model_size_mb: {
    description: "Size limit for the model file, in MB (2^20 bytes). Larger files are not loaded.",
    examples: [100, 1000],
  },
};
