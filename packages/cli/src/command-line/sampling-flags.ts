import type { CommandOption } from "./command.js";

/** Flags that set one key of `sampling` each, for this start. */
export const samplingFlags: Record<string, CommandOption> = {
  temperature: { kind: "number", placeholder: "N", description: "Randomness; 0 always takes the likeliest token." },
  "top-p": {
    kind: "number",
    placeholder: "N",
    description: "Choose among the likeliest tokens that add up to this probability.",
  },
  "top-k": {
    kind: "number",
    placeholder: "N",
    description: "Choose among this many of the likeliest tokens; 0 for all.",
  },
  "min-p": {
    kind: "number",
    placeholder: "N",
    description: "Skip tokens below this share of the likeliest one's probability.",
  },
  "repeat-penalty": {
    kind: "number",
    placeholder: "N",
    description: "Penalty for tokens that were used before; 1 for none.",
  },
  seed: { kind: "number", placeholder: "N", description: "The same seed gives the same replies." },
  "max-tokens": {
    kind: "number",
    placeholder: "N",
    description: "Longest reply, in tokens. Default: the room left in the context.",
  },
  stop: { kind: "text", placeholder: "TEXT", description: "End replies before this text." },
};
