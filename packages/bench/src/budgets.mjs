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
 * @property {string} reason why this much and no more; a raised limit brings its reason with it
 */

/** All budgets; DESIGN.md section 9 has the same figures. @type {readonly Budget[]} */
export const budgets = [
  {
    figure: "start/runtime/time",
    what: "import @nanoagent/runtime, over bare Node",
    limit: 12,
    unit: "ms",
    kind: "time",
    reason: "An app that embeds an agent starts as before; the smallest peer, xsai, takes +25 ms.",
  },
  {
    figure: "start/runtime/memory",
    what: "peak RSS of that import, over bare Node",
    limit: 2.5,
    unit: "MB",
    kind: "memory",
    reason: "The memory of the device belongs to the model; xsai takes +7.9 MB before its first turn.",
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
    limit: 50,
    unit: "µs",
    kind: "time",
    reason: "The runtime's own share of a turn must vanish beside any engine; pi-agent-core takes 11 µs.",
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
    limit: 15,
    unit: "MB",
    kind: "memory",
    reason:
      "4 MB of history and the code that V8 compiles; the hand-written loop, which drops nothing, grows by as much.",
  },
  {
    figure: "session/nanoagent/slowdown",
    what: "a turn at the end of them, as a multiple of one at the beginning",
    limit: 1.5,
    unit: "×",
    kind: "time",
    reason: "What a turn costs may not depend on how many came before it.",
  },
  {
    figure: "idle/nanoagent/memory",
    what: "RSS in all of a process with one agent that waits",
    limit: 60,
    unit: "MB",
    kind: "memory",
    reason: "Bare Node is about 40 MB of it; a gateway with 512 MB can keep several.",
  },
  {
    figure: "size/runtime/bytes",
    what: "@nanoagent/runtime and models, installed, lengths of files",
    limit: 0.5,
    unit: "MB",
    kind: "bytes",
    reason: "Shipped to many devices over thin lines. xsai is 0.14 MB by the same count, 0.4 MB in blocks of 4 KB.",
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
