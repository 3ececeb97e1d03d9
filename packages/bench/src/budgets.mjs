import { modelBudgets } from "./model-budgets.mjs";

/**
 * Limit for a figure of the report. A run fails if a budget in bytes is exceeded. Time and memory depend on the
 * machine, so they are only shown.
 *
 * @typedef {object} Budget
 * @property {string} figure row that it limits
 * @property {string} what
 * @property {number} limit highest allowed value, in `unit`
 * @property {import("./report-row.mjs").Unit} unit
 * @property {"bytes" | "time" | "memory"} kind
 * @property {"median"} [judgedBy] for a time that users can rely on, rather than the cost of the code alone
 * @property {string} [rival] peer that the limit comes from; above the limit, the row is lost to it
 * @property {string} reason why the limit is this; needed for every raise
 */

/** All budgets. @type {readonly Budget[]} */
export const budgets = [
  {
    figure: "start/runtime/cpu",
    what: "import @nanoagent/runtime, processor time minus bare Node",
    limit: 8,
    unit: "ms",
    kind: "time",
    reason: "Apps that embed an agent must not start noticeably later. An empty ES module takes 4 ms, xsai 26.",
  },
  {
    figure: "start/runtime/memory",
    what: "peak RSS of that import, minus bare Node",
    limit: 2.4,
    unit: "MB",
    kind: "memory",
    reason: "The memory of the device is for the model. xsai takes 7.9 MB before its first turn.",
  },
  {
    figure: "start/runtime-loaded/cpu",
    what: "load an agent with rules, processor time minus bare Node",
    limit: 14,
    unit: "ms",
    kind: "time",
    reason: "Checking a config needs only a few schemas; the others must not be created.",
  },
  {
    figure: "start/runtime-loaded/memory",
    what: "peak RSS of that, minus bare Node",
    limit: 4,
    unit: "MB",
    kind: "memory",
    reason: "As above.",
  },
  {
    figure: "start/runtime-reply/cpu",
    what: "first reply of the rules engine, processor time minus bare Node",
    limit: 20,
    unit: "ms",
    kind: "time",
    reason: "A device waits this long after each restart. xsai takes 48 ms.",
  },
  {
    figure: "start/runtime-reply/memory",
    what: "peak RSS of that, minus bare Node",
    limit: 6,
    unit: "MB",
    kind: "memory",
    reason: "xsai takes 10.4 MB.",
  },
  {
    figure: "start/cli-help/time",
    what: "nanoagent --help, minus bare Node",
    limit: 40,
    unit: "ms",
    kind: "time",
    reason: "Still feels immediate on a core that is ten times slower than a build machine's.",
  },
  {
    figure: "start/cli-profile/time",
    what: "nanoagent profile, minus bare Node",
    limit: 80,
    unit: "ms",
    kind: "time",
    reason: "New users run it first, and scripts run it on every device.",
  },
  {
    figure: "turn/nanoagent/time",
    what: "a turn of the rules engine with process(), without a session",
    limit: 20,
    unit: "µs",
    kind: "time",
    reason: "The runtime's share of a turn must be negligible with any engine. pi-agent-core takes 11 µs.",
  },
  {
    figure: "turn/nanoagent-journal/time",
    what: "a turn of the rules engine with a session, without fsync",
    limit: 300,
    unit: "µs",
    kind: "time",
    reason: "Saving a turn may cost as much as a few turns, and must be negligible with a model.",
  },
  {
    figure: "session/nanoagent/time",
    what: "10,000 turns in one conversation",
    limit: 3,
    unit: "s",
    kind: "time",
    reason: "An agent must not get slower over months. Most frameworks never reach the last turn.",
  },
  {
    figure: "session/nanoagent/growth",
    what: "growth of RSS over these turns",
    limit: 25,
    unit: "MB",
    kind: "memory",
    reason: "4 MB of history, V8's young generation, and compiled code. A hand-written loop takes 15 MB.",
  },
  {
    figure: "session/nanoagent/slowdown",
    what: "a turn at their end, ÷ a turn at their beginning",
    limit: 1.1,
    unit: "×",
    kind: "time",
    reason: "The cost of a turn must not depend on the number of turns before it.",
  },
  {
    figure: "intents/nanoagent/load-cpu",
    what: "CPU time to load 1,000 sentence templates with a list of 50 values",
    limit: 50,
    unit: "ms",
    kind: "time",
    reason: "An agent with all sentences for a house must start as fast as one without.",
  },
  {
    figure: "intents/nanoagent/held",
    what: "V8 heap of these templates",
    limit: 4,
    unit: "MB",
    kind: "memory",
    reason: "They stay in memory as long as the agent runs, used or not.",
  },
  {
    figure: "intents/nanoagent-many/load-cpu",
    what: "CPU time to load 50,000 sentence templates",
    limit: 2000,
    unit: "ms",
    kind: "time",
    reason: "More than people write by hand, but programs generate that many.",
  },
  {
    figure: "intents/nanoagent-many/match",
    what: "a message that matches one of 50,000",
    limit: 100,
    unit: "µs",
    kind: "time",
    reason: "The cost of a message must not depend on the number of sentences.",
  },
  {
    figure: "turn/tools-500/cpu",
    what: "CPU time of a turn with 500 tools",
    limit: 200,
    unit: "µs",
    kind: "time",
    reason: "Tools are processed when they change, not with every message.",
  },
  {
    figure: "intents/nanoagent/match",
    what: "a message that matches one of them",
    limit: 100,
    unit: "µs",
    kind: "time",
    reason: "Every message is matched before the engine runs; the cost must be negligible.",
  },
  {
    figure: "intents/nanoagent/miss",
    what: "a message that matches none of them",
    limit: 100,
    unit: "µs",
    kind: "time",
    reason: "As above, for every message that then goes to the engine.",
  },
  {
    figure: "idle/nanoagent/memory",
    what: "total RSS of a process with one idle agent",
    limit: 50,
    unit: "MB",
    kind: "memory",
    reason: "About 40 MB of it is bare Node. A gateway with 512 MB can run several.",
  },
  {
    figure: "profile/nanoagent/time",
    what: "all facts of a device, including the import of the profiler",
    limit: 10,
    unit: "ms",
    kind: "time",
    reason: "A program that adapts to its device reads them at every start. systeminformation takes 1.2 s.",
  },
  {
    figure: "profile/nanoagent/memory",
    what: "additional RSS after all facts, without that of models",
    limit: 1,
    unit: "MB",
    kind: "memory",
    reason: "Measuring memory must not use it up. Importing systeminformation takes 10 MB.",
  },
  {
    figure: "profile/nanoagent-watch/share",
    what: "share of a core for watching at one reading per second",
    limit: 0.1,
    unit: "%",
    kind: "time",
    reason: "It runs for months together with the agent.",
  },
  {
    figure: "model/nanoagent/memory",
    what: "private memory of the engine's process, without KV cache and compute buffers",
    limit: 25,
    unit: "MB",
    kind: "memory",
    reason: "A vocabulary of 49,152 tokens takes 14 MB of it, Node 7. The usual binding for Node takes 67 MB.",
  },
  {
    figure: "model/nanoagent/grammar-memory",
    what: "the same after a reply that was held to a schema",
    limit: 60,
    unit: "MB",
    kind: "memory",
    reason: "The usual binding for Node takes 125 MB.",
  },
  ...modelBudgets,
  {
    figure: "model/nanoagent/growth",
    what: "growth of the engine's process over 200 turns",
    limit: 5,
    unit: "MB",
    kind: "memory",
    reason: "It runs for months.",
  },
  {
    figure: "model/nanoagent/respawn",
    what: "from a kill of the engine's process to the next answer",
    limit: 500,
    unit: "ms",
    kind: "time",
    reason: "After a crash, the next message must wait no longer than for a short pause.",
  },
  {
    figure: "model/nanoagent/restart",
    what: "first token after a restart with saved state, ÷ without",
    limit: 0.25,
    unit: "×",
    kind: "time",
    reason: "Reading a thousand tokens takes a minute on a small board.",
  },
  {
    figure: "model/nanoagent/ipc",
    what: "transport of an event from the engine's process",
    limit: 100,
    unit: "µs",
    kind: "time",
    reason: "A token takes milliseconds; its transport must be negligible.",
  },
  {
    figure: "size/runtime/bytes",
    what: "@nanoagent/runtime and models installed, file lengths",
    limit: 1.08,
    unit: "MB",
    kind: "bytes",
    reason:
      "Shipped to many devices over slow links. xsai has 0.14 MB by the same count, 0.4 MB in blocks of 4 KB. The limit " +
      "was 0.5 before intents, tools, skills, journal and window were added, 0.6 before nonstandard servers, configs, " +
      "skills and MCP servers were supported and tools got memory limits, and 0.74 before small models got help with " +
      "tools: an engine for chat templates (instead of a peer dependency of 0.4 MB), forms of calls, the choice of " +
      "tools, claims in six languages, scenarios. 0.06 are copies in the files of the engine's process, which reads two " +
      "files instead of forty, with 40 % of the processor time and 6 MB less memory. 0.04 are descriptions in JSON " +
      "Schemas, which editors show. A fifth is declarations and licenses.",
  },
  {
    figure: "size/runtime/disk",
    what: "the same in disk blocks of 4 KB",
    limit: 1.18,
    unit: "MB",
    kind: "bytes",
    reason: "160 files of a few hundred bytes once made it 1.43; now there are 48 files.",
  },
  {
    figure: "size/runtime/packages",
    what: "packages installed with @nanoagent/runtime",
    limit: 3,
    unit: "packages",
    kind: "bytes",
    reason: "Each package is a supplier to trust and to watch. Two are our own.",
  },
  {
    figure: "size/cli/bytes",
    what: "@nanoagent/cli installed, file lengths",
    limit: 3,
    unit: "MB",
    kind: "bytes",
    reason: "The whole program without an engine. It fits on every board that has room for Node.",
  },
];
