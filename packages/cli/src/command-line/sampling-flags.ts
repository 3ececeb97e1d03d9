import type { CommandOption } from "./command.js";

/** Flags that set one key of `sampling` each, for this start. */
export const samplingFlags: Record<string, CommandOption> = {
  temperature: { kind: "number", placeholder: "N", description: "Freedom of choice; 0 takes the likeliest words." },
  "top-p": { kind: "number", placeholder: "N", description: "Choose among the likeliest words with this share." },
  "top-k": { kind: "number", placeholder: "N", description: "Choose among this many likeliest words; 0 for all." },
  "min-p": { kind: "number", placeholder: "N", description: "Leave out words below this share of the likeliest." },
  "repeat-penalty": { kind: "number", placeholder: "N", description: "Penalty for words written before; 1 for none." },
  seed: { kind: "number", placeholder: "N", description: "The same seed gives the same replies." },
  "max-tokens": { kind: "number", placeholder: "N", description: "Longest reply. Default: what the context has left." },
  stop: { kind: "text", placeholder: "TEXT", description: "End replies before this text." },
};
