import type { Command } from "../command-line/command.js";

export const serve: Command = {
  name: "serve",
  summary: "Make an agent reachable for the browser and other programs.",
  details: `Open the address that it prints in a browser to talk to the agent, or point Open WebUI, Home Assistant, Node-RED or a program at it: it has OpenAI's and Ollama's API, and figures for Prometheus at /metrics.
It listens on this machine only. On any other address, clients need a key: one is made at the first start and shown once.
SIGTERM lets running replies end, for at most 10 seconds. SIGHUP reads the config again without losing a reply.
The log is one line of JSON for each event, on stderr. The key serve of the config has more settings, such as wyoming for Home Assistant's voice assistants.`,
  options: {
    config: {
      kind: "path",
      placeholder: "PATH",
      description: "The agent's config, YAML or JSON. Default: agent.yaml.",
    },
    model: {
      kind: "path",
      placeholder: "PATH",
      description: "GGUF model to answer with, or the name of one, instead of the config's.",
    },
    device: {
      kind: "text",
      placeholder: "auto",
      description: "Profile this machine instead of using the config's device.",
      choices: ["auto"],
    },
    host: {
      kind: "text",
      placeholder: "HOST",
      description: "Address to listen on, instead of serve.host. Default: 127.0.0.1.",
    },
    port: {
      kind: "number",
      placeholder: "N",
      description: "Port to listen on, instead of serve.port; 0 takes a free one. Default: 7420.",
    },
    "log-level": {
      kind: "text",
      placeholder: "LEVEL",
      description: "Least important lines of the log: error, warn, info or debug. Default: info.",
      choices: ["error", "warn", "info", "debug"],
    },
    "log-texts": { kind: "flag", description: "Write the texts of messages and replies into the log." },
    json: { kind: "flag", description: "Print the address, or an error, as one line of JSON." },
  },
  examples: [
    "nanoagent serve",
    "nanoagent serve --config agent.yaml --port 0 --json",
    "nanoagent serve --model model.gguf",
    "nanoagent serve --host 0.0.0.0",
  ],
  loadAction: async () => (await import("../serve/serve-agent.js")).serveAgent,
};
