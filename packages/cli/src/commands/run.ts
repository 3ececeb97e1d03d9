import type { Command } from "../command-line/command.js";
import { samplingFlags } from "../command-line/sampling-flags.js";

export const run: Command = {
  name: "run",
  summary: "Load an agent and talk to it.",
  details: `Reads one message per line, from the terminal or a pipe, until quit, exit, q or the end of the input.
To send several lines, paste them, press Alt-Enter, or put """ around the message. /help lists the chat commands.
Ctrl-C stops the reply; Ctrl-C twice, or Ctrl-D, ends the program.
With --once, a document that is piped in comes before the question.
A model that does not fit the agent's memory budget is refused, with the calculation.`,
  options: {
    config: {
      kind: "path",
      placeholder: "PATH",
      description: "The agent's config, YAML or JSON. Default: agent.yaml.",
    },
    model: {
      kind: "path",
      placeholder: "PATH",
      description:
        "GGUF model to answer with, or the name of one, instead of the config's. Without a config, it may use all free memory.",
    },
    device: {
      kind: "text",
      placeholder: "auto",
      description: "Profile this machine instead of using the config's device.",
      choices: ["auto"],
    },
    ...samplingFlags,
    once: { kind: "text", placeholder: "TEXT", description: "Answer this message, then exit." },
    document: {
      kind: "path",
      placeholder: "FILE",
      description: "Text that the message of --once is about; - waits for standard input.",
      onlyWith: ["once"],
    },
    new: { kind: "flag", description: "Start a new conversation instead of continuing the session's." },
    stats: {
      kind: "flag",
      description: "After each reply, show its tokens, reading and writing speed, and memory use.",
    },
    verbose: { kind: "flag", description: "Show how the model is loaded and how its memory is limited, on stderr." },
    plain: {
      kind: "flag",
      description: "Never redraw text: for screen readers and simple terminals.",
      notWith: ["json", "jsonl"],
    },
    "no-history": {
      kind: "flag",
      description: "Do not save typed messages for the arrow keys of later sessions.",
      notWith: ["json", "jsonl", "once"],
    },
    json: { kind: "flag", description: "Print each reply, or its error, as one line of JSON." },
    jsonl: {
      kind: "flag",
      description:
        'Read messages as lines of JSON, {"id": 1, "content": "…", "response_schema": {…}}, and print replies likewise.',
      notWith: ["once"],
    },
  },
  examples: [
    "nanoagent run",
    "nanoagent run --config agent.yaml --new",
    "nanoagent run --model model.gguf --stats",
    "nanoagent run --model bartowski/SmolLM2-135M-Instruct-GGUF",
    'nanoagent run --model model.gguf --once "What is the capital of France?" --max-tokens 64',
    'cat report.txt | nanoagent run --once "Sum up"',
    `echo '{"id": 1, "content": "hello"}' | nanoagent run --config agent.yaml --jsonl`,
    "printf 'hello\\nstatus\\n' | nanoagent run --config agent.yaml --json",
  ],
  loadAction: async () => (await import("../run/run-agent.js")).runAgent,
};
