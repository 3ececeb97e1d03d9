import type { Command } from "../command-line/command.js";
import { samplingFlags } from "../command-line/sampling-flags.js";

export const run: Command = {
  name: "run",
  summary: "Load an agent and talk to it.",
  details:
    "Reads a message a line, from the terminal or from a pipe, until quit, exit, q or the end of the input.\nCtrl-C ends the reply that is being written; Ctrl-D ends the session.\n/help, as a message, shows what else can be asked for.\nA model is loaded within the agent's memory budget, or refused with the sum.",
  options: {
    config: {
      kind: "text",
      placeholder: "PATH",
      description: "The agent's config, YAML or JSON. Default: agent.yaml.",
    },
    model: {
      kind: "text",
      placeholder: "PATH",
      description:
        "GGUF model to answer with, in place of the config's. Without a config, it may use all memory that is free.",
    },
    device: {
      kind: "text",
      placeholder: "auto",
      description: "Profile this machine, whatever the config says of the device.",
      choices: ["auto"],
    },
    ...samplingFlags,
    once: { kind: "text", placeholder: "TEXT", description: "Answer this one message and end." },
    stats: {
      kind: "flag",
      description: "After each reply, show its tokens, how fast they came and the memory taken, on stderr.",
    },
    verbose: { kind: "flag", description: "Show how the model is loaded and who holds it to its memory, on stderr." },
    json: { kind: "flag", description: "Print each reply, or its error, as one line of JSON." },
    jsonl: {
      kind: "flag",
      description: 'Read messages as lines of JSON, {"content": "…", "response_schema": {…}}, and print each reply so.',
    },
  },
  examples: [
    "nanoagent run",
    "nanoagent run --config agent.yaml",
    "nanoagent run --model model.gguf --stats",
    'nanoagent run --model model.gguf --once "What is the capital of France?" --max-tokens 64',
    `echo '{"content": "hello"}' | nanoagent run --config agent.yaml --jsonl`,
    "printf 'hello\\nstatus\\n' | nanoagent run --config agent.yaml --json",
  ],
  loadAction: async () => (await import("../run/run-agent.js")).runAgent,
};
