import type { Command } from "../command-line/command.js";

export const models: Command = {
  name: "models",
  summary: "Find a model that fits this device, download it, and manage the models that are here.",
  details:
    "pull shows the memory, disk space and speed of every quantization before it downloads one. An interrupted download continues where it stopped, and the file's SHA-256 is checked.\nA name is org/repo, org/repo:Q4_K_M, ollama:name:tag, a name that recommend shows, or the address of a model's page or .gguf file. Every option that takes the path of a model also takes a name.\nExit codes: 2: not a name, or no such quantization; 3: too little memory or disk space; 130: interrupted, the partial download stays.",
  operand: {
    name: "action",
    placeholder: "ACTION",
    choices: {
      recommend: "Rank known small models for this device, from the built-in catalogue. Works offline.",
      pull: "Download a model, and print its path.",
      list: "List the models on this device, also those of Hugging Face's, Ollama's and LM Studio's caches.",
      show: "Show what is known of a model on this device.",
      path: "Print the path of a model's file.",
      verify: "Read a model, or all, and compare them with their hashes.",
      rm: "Remove a model that nanoagent downloaded or imported.",
      import: "Add a .gguf file, or a file that export wrote.",
      export: "Write a model into one file, with its license, for a device without a network.",
      prune: "Remove partial downloads and data that no model uses.",
    },
    second: {
      pull: { name: "model", placeholder: "NAME" },
      show: { name: "model", placeholder: "NAME" },
      path: { name: "model", placeholder: "NAME" },
      verify: { name: "model", placeholder: "NAME", isOptional: true },
      rm: { name: "model", placeholder: "NAME" },
      import: { name: "file", placeholder: "FILE", isPath: true },
      export: { name: "model", placeholder: "NAME" },
    },
  },
  options: {
    for: {
      kind: "text",
      placeholder: "TASK",
      description: "recommend: only models for chat, tools, summaries or embeddings.",
      choices: ["chat", "tools", "summaries", "embeddings"],
      operands: ["recommend"],
    },
    "budget-mb": {
      kind: "positive-number",
      placeholder: "N",
      description:
        "recommend, pull: memory budget of the agent and its program, in MB. Default: the memory available now.",
      operands: ["recommend", "pull"],
    },
    device: {
      kind: "path",
      placeholder: "FILE|auto",
      description:
        "recommend, pull: plan for the device in FILE (from `nanoagent profile --json`). Default: auto, this device.",
      operands: ["recommend", "pull"],
    },
    quant: {
      kind: "text",
      placeholder: "QUANT",
      description: "pull: quantization to download, such as Q4_K_M. Default: the best that fits.",
      operands: ["pull"],
    },
    force: {
      kind: "flag",
      description: "pull: download the model even if the memory or the disk is too small for it.",
      operands: ["pull"],
      notWith: ["dry-run"],
    },
    "dry-run": {
      kind: "flag",
      description: "pull: stop after the table. prune: only show what would be removed.",
      operands: ["pull", "prune"],
    },
    output: {
      kind: "path",
      placeholder: "FILE",
      description: "export: file to write.",
      operands: ["export"],
    },
    json: { kind: "flag", description: "Print JSON: one object; for pull, one line per event." },
  },
  examples: [
    "nanoagent models recommend --for chat",
    "nanoagent models pull bartowski/SmolLM2-135M-Instruct-GGUF",
    "nanoagent models pull unsloth/Qwen3-0.6B-GGUF:Q4_K_M --dry-run",
    "nanoagent models pull ollama:qwen3:0.6b",
    "nanoagent models list",
    "nanoagent models export unsloth/Qwen3-0.6B-GGUF:Q4_K_M --output qwen3.tar",
    "nanoagent models import qwen3.tar",
  ],
  loadAction: async () => (await import("../models/manage-models.js")).manageModels,
};
