import type { Command } from "../command-line/command.js";

export const completion: Command = {
  name: "completion",
  summary: "Print a completion script for your shell.",
  details: "Completes commands, options and files. Load it from your shell's startup file, as in the examples.",
  operand: {
    name: "shell",
    placeholder: "SHELL",
    choices: {
      bash: "Put `source <(nanoagent completion bash)` into ~/.bashrc.",
      zsh: "Put `source <(nanoagent completion zsh)` into ~/.zshrc, after compinit.",
      fish: "Save it as ~/.config/fish/completions/nanoagent.fish.",
    },
  },
  options: {},
  examples: [
    "source <(nanoagent completion bash)",
    "nanoagent completion bash >> ~/.bashrc",
    "nanoagent completion fish > ~/.config/fish/completions/nanoagent.fish",
  ],
  loadAction: async () => (await import("../completion/print-completion.js")).printCompletion,
};
