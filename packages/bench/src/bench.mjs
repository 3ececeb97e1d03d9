import { benchHelp, parseBenchOptions } from "./bench-options.mjs";
import { budgets } from "./budgets.mjs";
import { ownContenders, peers } from "./contenders.mjs";
import { installOwnPackages, installPeer } from "./installations.mjs";
import { judgeRow } from "./judge-row.mjs";
import { loadAverage, machineFacts } from "./machine-facts.mjs";
import { measureIdle } from "./measure-idle.mjs";
import { measureIntents } from "./measure-intents.mjs";
import { measureModel } from "./measure-model.mjs";
import { measureProfile } from "./measure-profile.mjs";
import { measureOwnSizes, measureSize } from "./measure-sizes.mjs";
import { agentStart, importStart, measureStarts, programStart } from "./measure-starts.mjs";
import { measureSessions, measureTurns } from "./measure-talks.mjs";
import { packPackages } from "./packed-packages.mjs";
import { renderReport, renderShortfalls } from "./render-report.mjs";
import { failedRow, isFailed } from "./report-row.mjs";
import { Workbench } from "./workbench.mjs";

/** @typedef {import("./report-row.mjs").Row} Row */
/** @typedef {ReturnType<typeof machineFacts> & { load_average_after: number }} Machine */

/** These take seconds each and vary less than starts do. */
const MOST_RUNS_IN_PROCESS = 5;
/** A peer's session runs for 20 s. */
const PEER_SESSION_RUNS = 1;

// Whoever read the output has seen enough: `pnpm bench | head`.
process.stdout.on("error", (error) => {
  if (/** @type {NodeJS.ErrnoException} */ (error).code !== "EPIPE") throw error;
});

process.exitCode = await main();

async function main() {
  /** @type {import("./bench-options.mjs").BenchOptions} */
  let options;
  try {
    options = parseBenchOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`error: ${error instanceof Error ? error.message : error}\n\n${benchHelp}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(benchHelp);
    return 0;
  }
  const before = machineFacts();
  const rows = await measure(options);
  const machine = { ...before, load_average_after: loadAverage() };
  process.stdout.write(options.json ? toJson(machine, rows) : toText(machine, rows));
  const failed = rows.some((row) => judgeRow(row, budgets)?.fails || (isFailed(row) && !isOfPeer(row)));
  return failed ? 1 : 0;
}

/** @param {import("./bench-options.mjs").BenchOptions} options @returns {Promise<Row[]>} */
async function measure(options) {
  const workbench = new Workbench();
  try {
    const folders = await installOwnPackages(workbench, await packPackages(workbench, progress), progress);
    const { installed: installedPeers, failures } = options.peers
      ? await installPeers(workbench)
      : { installed: [], failures: [] };
    const own = Object.entries(ownContenders).map(([name, contender]) => ({
      name,
      contender,
      folder: folders.runtime,
    }));
    const inProcessRuns = Math.min(options.runs, MOST_RUNS_IN_PROCESS);
    const starts = [
      importStart("models", "import @nanoagent/models", folders.libraries, ["@nanoagent/models"]),
      importStart("profiler", "import @nanoagent/profiler", folders.libraries, ["@nanoagent/profiler"]),
      importStart("optimizer", "import @nanoagent/optimizer", folders.libraries, ["@nanoagent/optimizer"]),
      importStart("runtime", "import @nanoagent/runtime", folders.runtime, ["@nanoagent/runtime"]),
      agentStart("runtime-loaded", "load an agent of rules", folders.runtime, null),
      agentStart("runtime-reply", "load it and have one reply", folders.runtime, "hello"),
      importStart("runtime-node", "import @nanoagent/runtime/node", folders.runtime, ["@nanoagent/runtime/node"]),
      programStart("cli-help", folders.cli, "--help"),
      programStart("cli-profile", folders.cli, "profile"),
      ...installedPeers.map(({ name, contender, folder }) =>
        importStart(name, contender.title, folder, contender.imports),
      ),
    ];
    const ownSessions = own.filter(({ contender }) => contender.openSession !== null);
    /** @type {Record<import("./report-row.mjs").QuestionKey, () => Row[] | Promise<Row[]>>} */
    const measures = {
      start: () => measureStarts(workbench, starts, options.runs, progress),
      turn: () => measureTurns(workbench, [...own, ...installedPeers], inProcessRuns, progress),
      session: async () => [
        ...(await measureSessions(workbench, ownSessions, inProcessRuns, progress)),
        ...(await measureSessions(workbench, installedPeers, PEER_SESSION_RUNS, progress)),
      ],
      intents: () => measureIntents(workbench, folders.runtime, inProcessRuns, progress),
      idle: () => measureIdle(workbench, folders.runtime, inProcessRuns, progress),
      profile: () => measureProfile(workbench, folders.libraries, { ...options, runs: inProcessRuns }, progress),
      model: () => measureModel(workbench, folders.libraries, inProcessRuns, progress),
      size: () => [
        ...measureOwnSizes(folders),
        ...installedPeers.flatMap(({ name, contender, folder }) =>
          measureSize(name, `install ${contender.title}`, folder),
        ),
        ...failures,
      ],
    };
    const rows = [];
    for (const question of options.questions) rows.push(...(await measures[question]()));
    return rows;
  } finally {
    workbench.close();
  }
}

/** @param {Workbench} workbench */
async function installPeers(workbench) {
  const installed = [];
  const failures = [];
  for (const [name, contender] of Object.entries(peers)) {
    try {
      installed.push({ name, contender, folder: await installPeer(workbench, name, contender.packages, progress) });
    } catch (error) {
      failures.push(failedRow(["size", name], `install ${contender.title}`, error));
    }
  }
  return { installed, failures };
}

/** @param {import("./report-row.mjs").FailedRow} row */
function isOfPeer({ figure }) {
  const subject = figure.split("/")[1] ?? "";
  return subject in peers || subject.startsWith("systeminformation");
}

/** @param {Machine} machine @param {readonly Row[]} rows */
function toJson(machine, rows) {
  const judged = rows.map((row) => {
    const verdict = judgeRow(row, budgets);
    return verdict === null ? row : { ...row, budget: verdict.budget.limit, met: verdict.met };
  });
  return `${JSON.stringify({ format: 1, machine, rows: judged }, null, 2)}\n`;
}

/** @param {Machine} machine @param {readonly Row[]} rows */
function toText(machine, rows) {
  const { date, commit, node, platform, cpu_model, cpu_cores, memory_mb } = machine;
  const load = Math.max(machine.load_average, machine.load_average_after);
  const busy =
    load > cpu_cores ? `\nOther work went on: a load of ${load} on ${cpu_cores} cores. Times are uncertain.` : "";
  const facts = `Node ${node} on ${platform}, ${cpu_cores} × ${cpu_model}, ${memory_mb} MB, commit ${commit ?? "unknown"}, ${date}${busy}`;
  const shortfalls = renderShortfalls(rows, budgets);
  const closing = shortfalls.length === 0 ? "Every budget is met." : shortfalls.join("\n");
  return `${facts}\n\n${renderReport(rows, budgets)}\n${closing}\n`;
}

/** @param {string} what */
function progress(what) {
  process.stderr.write(`${what}\n`);
}
