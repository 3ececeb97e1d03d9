import type { KeyTexts } from "./key-texts.js";
import { changesWorldText, environmentText, idempotentText, memoryLimitText, permissionText } from "./tool-texts.js";

/** Keys of one server: those of a program and those of an address. */
export const mcpServerTexts: KeyTexts = {
  command: {
    description: "Program to start and its arguments, without a shell. The agent uses its stdin and stdout.",
    examples: [["node", "garden-server.mjs"]],
  },
  working_directory: {
    description: "Folder that the program runs in, relative to this file.",
    default: ".",
  },
  environment: { description: environmentText, examples: [{ LOG_LEVEL: "warn" }] },
  environment_from: {
    description: "Names of variables to pass on from the agent's own environment, such as those that hold keys.",
    examples: [["GARDEN_KEY"]],
  },
  max_memory_mb: { description: memoryLimitText, examples: [256] },
  url: {
    description: "Address of a server that is already running, for HTTP.",
    examples: ["http://127.0.0.1:8123/mcp"],
  },
  allow_network: { description: "Whether the server may be on another machine.", default: false },
  api_key_env: {
    description: "Name of the environment variable that holds the server's key. Never write the key itself here.",
    examples: ["HOUSE_KEY"],
  },
  api_key_header: {
    description: "Header for the key. Default: `Authorization`, with the key as a bearer token.",
    examples: ["X-Api-Key"],
  },
  permission: {
    description: `Permission for the server's tools. ${permissionText}`,
    default: "ask",
  },
  tools: {
    description: "Tools to use, by the server's names: a list, or a map with settings for each tool. Default: all.",
    examples: [["read_soil"], { read_soil: { permission: "always", changes_world: false }, water: {} }],
  },
  "tools.*.permission": `${permissionText} Default: the server's \`permission\`.`,
  "tools.*.changes_world": { description: changesWorldText, default: true },
  "tools.*.idempotent": `${idempotentText} Default: the hint of the server.`,
  start_timeout_seconds: {
    description: "Time limit for the server to start and list its tools, in seconds.",
    default: 10,
  },
  timeout_seconds: { description: "Time limit for a call, in seconds.", default: 30 },
};
