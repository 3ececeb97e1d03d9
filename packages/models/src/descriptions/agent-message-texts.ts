import type { KeyTexts } from "./key-texts.js";

export const agentMessageTexts: KeyTexts = {
  "": "One message of a conversation.",
  role: "Author: `system` for instructions, `user`, `assistant`, or `tool` for a tool's result.",
  content: "Text of the message.",
  timestamp: {
    description: "Time of the message, ISO 8601 in UTC. Default: the current time.",
    examples: ["2025-06-30T12:00:00Z"],
  },
  ended:
    "How a reply ended. `stop`: complete. `length`: cut off at its limit, or because it repeated itself. " +
    "`interrupted`: stopped while it was written.",
};
