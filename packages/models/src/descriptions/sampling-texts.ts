import type { KeyTexts } from "./key-texts.js";

export const samplingTexts: KeyTexts = {
  "": {
    description:
      "How the model chooses its words, and when a reply ends. An absent key has the engine's default; servers have " +
      "their own.",
    examples: [{ temperature: 0, max_tokens: 256 }],
  },
  temperature: {
    description:
      "Randomness of replies. 0 always takes the likeliest token; higher values vary more. Default: 0.3 for a local " +
      "model.",
    examples: [0, 0.3, 0.8],
  },
  top_p: {
    description:
      "Choose among the likeliest tokens whose probabilities add up to this share; 1 for all. Default: 0.95 for a " +
      "local model.",
    examples: [0.9],
  },
  top_k: {
    description: "Choose among this many of the likeliest tokens; 0 for all. Default: 40 for a local model.",
    examples: [40],
  },
  min_p: {
    description:
      "Skip tokens whose probability is below this share of the likeliest token's. Default: 0.05 for a local model.",
    examples: [0.05],
  },
  repeat_penalty: {
    description:
      "Makes tokens that were used before less likely; 1 turns the penalty off. Default: 1.05 for a local model.",
    examples: [1.1],
  },
  seed: {
    description: "Seed of the random choice: the same seed and conversation give the same reply. Default: random.",
    examples: [7],
  },
  max_tokens: {
    description: "Longest reply, in tokens, thinking included. Default: the room that is left in the context.",
    examples: [256],
  },
  stop: { description: "Texts that end a reply. They are not part of it.", examples: [["END"]] },
};
