import type { CommandOption } from "./command.js";

/** Flags that override keys of `sampling` for this run. */
export const samplingFlags: Record<string, CommandOption> = {
  temperature: { kind: "number", placeholder: "N", description: "Randomness; 0 always takes the likeliest token." },
  "top-p": {
    kind: "number",
    placeholder: "N",
    description: "Sample from the likeliest tokens that add up to this share.",
  },
  "top-k": { kind: "number", placeholder: "N", description: "Sample from this many likeliest tokens; 0 for all." },
  "min-p": { kind: "number", placeholder: "N", description: "Drop tokens below this share of the likeliest one." },
  "repeat-penalty": { kind: "number", placeholder: "N", description: "Penalty for repeated tokens; 1 for none." },
  seed: { kind: "number", placeholder: "N", description: "The same seed gives the same replies." },
  "max-tokens": {
    kind: "number",
    placeholder: "N",
    description: "Longest reply, in tokens. Default: what fits the context.",
  },
  stop: { kind: "text", placeholder: "TEXT", description: "End replies before this text." },
};
