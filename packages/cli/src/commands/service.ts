import type { Command } from "../command-line/command.js";

export const service: Command = {
  name: "service",
  summary: "Install an agent as a service that starts at boot, and look after it.",
  details:
    'install checks the config, writes a unit of systemd that runs `nanoagent serve`, and starts it. The unit restarts the agent after a crash or a hang, and limits its memory to spec.max_memory_mb. A second install updates it.\nA service of the system needs root: `sudo nanoagent service install`. With Node from a version manager (nvm, fnm, volta), type `sudo env "PATH=$PATH" nanoagent service install`. With --user it needs no root.\nExit codes of status: 0: it runs; 1: it does not. Exit codes 2 and 3 of install: what nanoagent check says of the config.',
  operand: {
    name: "action",
    placeholder: "ACTION",
    choices: {
      install: "Check the config, write the unit, and start it now and at every boot.",
      uninstall: "Stop it and remove the unit. Conversations stay, except with --purge.",
      status: "Show whether it runs, its address, health and memory, and whether the unit still fits the config.",
      logs: "Show its log.",
    },
  },
  options: {
    user: { kind: "flag", description: "The service of this user instead of one of the system; without root." },
    name: {
      kind: "text",
      placeholder: "NAME",
      description: "Name, for several services on one machine: the unit is nanoagent-NAME. Default: nanoagent.",
    },
    config: {
      kind: "path",
      placeholder: "PATH",
      description: "install: the agent's config. Default: agent.yaml.",
      operands: ["install"],
    },
    "dry-run": {
      kind: "flag",
      description: "install: only print the unit.",
      operands: ["install"],
      notWith: ["no-start", "json"],
    },
    "no-start": {
      kind: "flag",
      description: "install: start it at the next boot, and not now.",
      operands: ["install"],
    },
    purge: {
      kind: "flag",
      description: "uninstall: remove its conversations and keys, too.",
      operands: ["uninstall"],
    },
    follow: { kind: "flag", description: "logs: wait for new lines, until Ctrl-C.", operands: ["logs"] },
    lines: {
      kind: "positive-number",
      placeholder: "N",
      description: "logs: number of lines to begin with. Default: 50.",
      operands: ["logs"],
    },
    json: { kind: "flag", description: "Print JSON: one object; for logs, the lines as the service wrote them." },
  },
  examples: [
    "sudo nanoagent service install --config /etc/nanoagent/agent.yaml",
    "nanoagent service install --user",
    "nanoagent service install --dry-run",
    "nanoagent service status",
    "sudo nanoagent service logs --follow",
    "sudo nanoagent service uninstall --purge",
  ],
  loadAction: async () => (await import("../service/manage-service.js")).manageService,
};
