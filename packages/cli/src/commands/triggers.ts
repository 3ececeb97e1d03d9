import type { Command } from "../command-line/command.js";

export const triggers: Command = {
  name: "triggers",
  summary: "Show, test and run the triggers of an agent, and show what they did.",
  details:
    "list, test and log change nothing, and work while a service uses the config. run gives the event to the running service; without one, it opens the agent here.\nA test answers for the first event of its kind: what earlier events left behind (hysteresis, for, rate limits) does not count.\nExit codes: test: 1: the trigger would not act. run: 1: the act was not done; 130: interrupted, the event stays in the queue.",
  operand: {
    name: "action",
    placeholder: "ACTION",
    choices: {
      list: "Show the triggers with their state, last event and next run.",
      test: "Show what an event would do. Does nothing.",
      run: "Make an event by hand, and wait until it is done.",
      log: "Show the newest events: conditions, act and result.",
    },
    second: {
      test: { name: "name", placeholder: "NAME" },
      run: { name: "name", placeholder: "NAME" },
      log: { name: "name", placeholder: "NAME", isOptional: true },
    },
  },
  options: {
    config: { kind: "path", placeholder: "PATH", description: "The agent's config. Default: agent.yaml." },
    payload: {
      kind: "text",
      placeholder: "VALUE",
      description: "test, run: payload of the event: JSON, a number, or text. Default: null.",
      operands: ["test", "run"],
    },
    topic: {
      kind: "text",
      placeholder: "TOPIC",
      description: "test, run: topic of the event, for a trigger of a broker.",
      operands: ["test", "run"],
    },
    at: {
      kind: "text",
      placeholder: "TIME",
      description: "test: time of the event, such as 2027-01-31T06:00. Default: now.",
      operands: ["test"],
    },
    limit: {
      kind: "positive-number",
      placeholder: "N",
      description: "log: number of events. Default: 20.",
      operands: ["log"],
    },
    unknown: {
      kind: "flag",
      description: "log: only events whose act may or may not have happened.",
      operands: ["log"],
    },
    json: { kind: "flag", description: "Print JSON: one object; for log, one line per event." },
  },
  examples: [
    "nanoagent triggers list",
    "nanoagent triggers test dry-bed --topic garden/north/moisture --payload '{\"percent\": 21}'",
    "nanoagent triggers run morning",
    "nanoagent triggers log dry-bed --limit 5",
    "nanoagent triggers log --unknown --json",
  ],
  loadAction: async () => (await import("../triggers/manage-triggers.js")).manageTriggers,
};
