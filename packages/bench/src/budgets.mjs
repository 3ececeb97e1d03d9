import { modelBudgets } from "./model-budgets.mjs";

/**
 * A limit on one figure of the report. A budget over bytes that is not met fails the run; time and memory depend on
 * the machine and are shown only.
 *
 * @typedef {object} Budget
 * @property {string} figure the row that it limits
 * @property {string} what
 * @property {number} limit the most that is allowed, in `unit`
 * @property {import("./report-row.mjs").Unit} unit
 * @property {"bytes" | "time" | "memory"} kind
 * @property {"median"} [judgedBy] of a time that is a promise for every time, not what the code itself takes
 * @property {string} [rival] the peer that the limit comes from: above the limit, the row is lost to it
 * @property {string} reason why this much and no more; a raised limit brings its reason with it
 */

/** All budgets; DESIGN.md section 9 has the same figures. @type {readonly Budget[]} */
export const budgets = [
  {
    figure: "start/runtime/cpu",
    what: "import @nanoagent/runtime, processor time over bare Node",
    limit: 8,
    unit: "ms",
    kind: "time",
    reason: "An app that embeds an agent starts as before; an empty ES module takes 4, the smallest peer, xsai, 26.",
  },
  {
    figure: "start/runtime/memory",
    what: "peak RSS of that import, over bare Node",
    limit: 2.4,
    unit: "MB",
    kind: "memory",
    reason: "The memory of the device belongs to the model; xsai takes +7.9 MB before its first turn.",
  },
  {
    figure: "start/runtime-loaded/cpu",
    what: "an agent of rules loaded, processor time over bare Node",
    limit: 14,
    unit: "ms",
    kind: "time",
    reason: "A config is checked with a few of the schemas; the others are not to be made.",
  },
  {
    figure: "start/runtime-loaded/memory",
    what: "peak RSS of that, over bare Node",
    limit: 4,
    unit: "MB",
    kind: "memory",
    reason: "The same.",
  },
  {
    figure: "start/runtime-reply/cpu",
    what: "until the first reply of the rules, processor time over bare Node",
    limit: 20,
    unit: "ms",
    kind: "time",
    reason: "What a device waits for after each restart; xsai takes 48.",
  },
  {
    figure: "start/runtime-reply/memory",
    what: "peak RSS of that, over bare Node",
    limit: 6,
    unit: "MB",
    kind: "memory",
    reason: "xsai takes +10.4 MB.",
  },
  {
    figure: "start/cli-help/time",
    what: "nanoagent --help, over bare Node",
    limit: 40,
    unit: "ms",
    kind: "time",
    reason: "On a core ten times slower than a build machine's this still feels immediate.",
  },
  {
    figure: "start/cli-profile/time",
    what: "nanoagent profile, over bare Node",
    limit: 80,
    unit: "ms",
    kind: "time",
    reason: "The first thing that a new user runs, and what scripts run on every device.",
  },
  {
    figure: "turn/nanoagent/time",
    what: "one turn of the rules engine by process(), no session",
    limit: 20,
    unit: "µs",
    kind: "time",
    reason: "The runtime's own share of a turn must vanish beside any engine; pi-agent-core takes 11 µs.",
  },
  {
    figure: "turn/nanoagent-journal/time",
    what: "one turn of the rules engine with a session, no fsync",
    limit: 300,
    unit: "µs",
    kind: "time",
    reason: "What is kept of a turn may cost a few turns, and nothing beside an engine.",
  },
  {
    figure: "session/nanoagent/time",
    what: "10,000 turns in one conversation",
    limit: 3,
    unit: "s",
    kind: "time",
    reason: "Months of running may not slow an agent down; most frameworks never reach the last turn.",
  },
  {
    figure: "session/nanoagent/growth",
    what: "growth of RSS over these turns",
    limit: 25,
    unit: "MB",
    kind: "memory",
    reason:
      "4 MB of history, the young space that V8 takes for what a turn makes, and the code that it compiles; a hand-written loop takes 15.",
  },
  {
    figure: "session/nanoagent/slowdown",
    what: "a turn at the end of them, as a multiple of one at the beginning",
    limit: 1.1,
    unit: "×",
    kind: "time",
    reason: "What a turn costs may not depend on how many came before it.",
  },
  {
    figure: "intents/nanoagent/load-cpu",
    what: "CPU time of loading 1,000 sentence templates over a list of 50 values",
    limit: 50,
    unit: "ms",
    kind: "time",
    reason: "An agent with every sentence of a house starts like one without.",
  },
  {
    figure: "intents/nanoagent/held",
    what: "what V8 holds of these",
    limit: 4,
    unit: "MB",
    kind: "memory",
    reason: "They are held as long as the agent runs, used or not.",
  },
  {
    figure: "intents/nanoagent-many/load-cpu",
    what: "CPU time of loading 50,000 sentence templates",
    limit: 2000,
    unit: "ms",
    kind: "time",
    reason: "More than anybody writes by hand; what generates them must not be punished.",
  },
  {
    figure: "intents/nanoagent-many/match",
    what: "a message that one of 50,000 answers",
    limit: 100,
    unit: "µs",
    kind: "time",
    reason: "What a message costs may not depend on how many sentences there are.",
  },
  {
    figure: "turn/tools-500/cpu",
    what: "CPU time of a turn with 500 tools",
    limit: 200,
    unit: "µs",
    kind: "time",
    reason: "Tools are read when they change, not with every message.",
  },
  {
    figure: "intents/nanoagent/match",
    what: "a message that one of them answers",
    limit: 100,
    unit: "µs",
    kind: "time",
    reason: "Every message is tried before the engine is asked; it must vanish beside that.",
  },
  {
    figure: "intents/nanoagent/miss",
    what: "a message that none of them answers",
    limit: 100,
    unit: "µs",
    kind: "time",
    reason: "The same, for every message that goes to the engine after all.",
  },
  {
    figure: "idle/nanoagent/memory",
    what: "RSS in all of a process with one agent that waits",
    limit: 50,
    unit: "MB",
    kind: "memory",
    reason: "Bare Node is about 40 MB of it; a gateway with 512 MB can keep several.",
  },
  {
    figure: "profile/nanoagent/time",
    what: "all facts of a device, from the import of the profiler on",
    limit: 10,
    unit: "ms",
    kind: "time",
    reason: "A program that adapts to its device asks at every start; systeminformation takes 1.2 s for as much.",
  },
  {
    figure: "profile/nanoagent/memory",
    what: "RSS more after all facts, beyond importing models",
    limit: 1,
    unit: "MB",
    kind: "memory",
    reason: "What knows the memory must not use it up; importing systeminformation takes 10 MB.",
  },
  {
    figure: "profile/nanoagent-watch/share",
    what: "share of a core that a watch takes at one reading a second",
    limit: 0.1,
    unit: "%",
    kind: "time",
    reason: "It runs for months beside the agent.",
  },
  {
    figure: "model/nanoagent/memory",
    what: "private memory of the engine's process beside what is allocated for KV cache and compute buffers",
    limit: 25,
    unit: "MB",
    kind: "memory",
    reason: "A vocabulary of 49,152 tokens is 14 MB of it, Node 7; the usual binding for Node takes 67.",
  },
  {
    figure: "model/nanoagent/grammar-memory",
    what: "the same once a reply was held to a schema",
    limit: 60,
    unit: "MB",
    kind: "memory",
    reason: "The usual binding for Node takes 125.",
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
    what: "from a kill of the engine's process to one that answers",
    limit: 500,
    unit: "ms",
    kind: "time",
    reason: "A crash may cost a message its reply, and no more than a pause.",
  },
  {
    figure: "model/nanoagent/restart",
    what: "first token after a restart with saved state, as a multiple of that without",
    limit: 0.25,
    unit: "×",
    kind: "time",
    reason: "A thousand tokens are a minute's reading on a small board.",
  },
  {
    figure: "model/nanoagent/ipc",
    what: "for an event to come from the engine's process",
    limit: 100,
    unit: "µs",
    kind: "time",
    reason: "A token takes milliseconds; its way must vanish beside that.",
  },
  {
    figure: "size/runtime/bytes",
    what: "@nanoagent/runtime and models, installed, lengths of files",
    limit: 1.08,
    unit: "MB",
    kind: "bytes",
    reason:
      "Shipped to many devices over thin lines. xsai is 0.14 MB by the same count, 0.4 MB in blocks of 4 KB. It was 0.5 before " +
      "intents, tools of every kind, skills, journal and window came in, and 0.6 before it took other people's servers, " +
      "configs, skills and MCP servers as they are and held tools to the budget, and 0.74 before small models were helped to " +
      "act: an engine for chat templates (which takes the place of a peer of 0.4 MB), forms of calls, the choice of tools, " +
      "claims in six languages, scenarios. 0.06 are copies in the files of an engine's process, which then reads two files in " +
      "place of forty, with 40 % of the processor time and 6 MB less memory. 0.04 are texts in JSON Schemas, which editors show. A fifth is " +
      "declarations and licenses.",
  },
  {
    figure: "size/runtime/disk",
    what: "the same in the blocks of a disk, 4 KB each",
    limit: 1.18,
    unit: "MB",
    kind: "bytes",
    reason: "Files of a few hundred bytes once made it 1.43: 160 of them, now 48.",
  },
  {
    figure: "size/runtime/packages",
    what: "packages that installing @nanoagent/runtime brings",
    limit: 3,
    unit: "packages",
    kind: "bytes",
    reason: "Each one is a supplier to trust and to watch; two are our own.",
  },
  {
    figure: "size/cli/bytes",
    what: "@nanoagent/cli, installed, lengths of files",
    limit: 3,
    unit: "MB",
    kind: "bytes",
    reason: "The whole tool without an engine; fits the flash of any board that can hold Node.",
  },
];
