import { benchHelp, isWanted, parseBenchOptions } from "./bench-options.mjs";
import { budgets } from "./budgets.mjs";
import { findLosses } from "./comparisons.mjs";
import { ownContenders, peers } from "./contenders.mjs";
import { installOwnPackages, installPeer } from "./installations.mjs";
import { judgeRow } from "./judge-row.mjs";
import { localModels, modelFolder } from "./local-models.mjs";
import { loadAverage, machineFacts } from "./machine-facts.mjs";
import { measureAborts } from "./measure-aborts.mjs";
import { measureDrafts } from "./measure-drafts.mjs";
import { measureEngine, measureNeighbors } from "./measure-engine.mjs";
import { measureOneWord, measureStartsToToken } from "./measure-first-token.mjs";
import { measureIdle } from "./measure-idle.mjs";
import { measureIntents, measureManyIntents } from "./measure-intents.mjs";
import { measureModel } from "./measure-model.mjs";
import { measureProfile } from "./measure-profile.mjs";
import { measureProgram } from "./measure-program.mjs";
import { measureOwnSizes, measureSize } from "./measure-sizes.mjs";
import { agentStart, importStart, measureStarts, programStart } from "./measure-starts.mjs";
import { measureSessions, measureTurns } from "./measure-talks.mjs";
import { measureTools } from "./measure-tools.mjs";
import { openModelBench } from "./model-bench.mjs";
import { packPackages } from "./packed-packages.mjs";
import { renderLosses, renderReport, renderShortfalls } from "./render-report.mjs";
import { replyStart } from "./reply-start.mjs";
import { failedRow, isFailed } from "./report-row.mjs";
import { measureServe } from "./serve/measure-serve.mjs";
import { measureTriggers } from "./triggers/measure-triggers.mjs";
import { Workbench } from "./workbench.mjs";

/** @typedef {import("./report-row.mjs").Row} Row */
/** @typedef {ReturnType<typeof machineFacts> & { load_average_after: number }} Machine */

/** Most runs of turns, sessions and idle processes. They take seconds, and vary less than starts. */
const MOST_RUNS_IN_PROCESS = 5;
/** Most runs of a session. A peer's session takes 20 s. */
const PEER_SESSION_RUNS = 1;
/** Peer that needs a local model. It has no turn without one. */
const NODE_LLAMA_CPP = { "node-llama-cpp": "3.22.1" };
const peerQuestions = new Set(["start", "turn", "session", "size"]);
const modelPeers = ["llama-server", "node-llama-cpp"];
const modelQuestions = new Set(["engine", "neighbors", "first-token", "one-word", "drafts", "abort"]);

// The reader has closed the pipe: `pnpm bench | head`.
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
  const rows = (await measure(options)).filter(({ figure }) => isWanted(options.rows, figure));
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
    const wanted = (/** @type {string} */ figure) => isWanted(options.rows, figure);
    const { installed: installedPeers, failures } =
      options.peers && options.questions.some((question) => peerQuestions.has(question))
        ? await installPeers(workbench)
        : { installed: [], failures: [] };
    const models = await openModels(workbench, folders, options, wanted);
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
      importStart("hub", "import @nanoagent/hub", folders.libraries, ["@nanoagent/hub"]),
      importStart("runtime", "import @nanoagent/runtime", folders.runtime, ["@nanoagent/runtime"]),
      importStart("server", "import @nanoagent/server", folders.libraries, ["@nanoagent/server"]),
      importStart("fleet", "import @nanoagent/fleet", folders.libraries, ["@nanoagent/fleet"]),
      agentStart("runtime-loaded", "load an agent with rules", folders.runtime, null),
      agentStart("runtime-reply", "load it and get one reply", folders.runtime, "hello"),
      importStart("runtime-node", "import @nanoagent/runtime/node", folders.runtime, ["@nanoagent/runtime/node"]),
      programStart("cli-help", folders.cli, "--help"),
      programStart("cli-profile", folders.cli, "profile"),
      ...installedPeers.flatMap(({ name, contender, folder }) => [
        importStart(name, contender.title, folder, contender.imports),
        replyStart(name, contender.title, folder),
      ]),
    ];
    const ownSessions = own.filter(({ contender }) => contender.openSession !== null);
    /** @type {Record<import("./report-row.mjs").QuestionKey, () => Row[] | Promise<Row[]>>} */
    const measures = {
      start: () => measureStarts(workbench, starts, options.runs, progress),
      turn: async () => [
        ...(await measureTurns(workbench, [...own, ...installedPeers], inProcessRuns, progress)),
        ...(await measureTools(workbench, folders.runtime, inProcessRuns, progress)),
      ],
      session: async () => [
        ...(await measureSessions(workbench, ownSessions, inProcessRuns, progress)),
        ...(await measureSessions(workbench, installedPeers, PEER_SESSION_RUNS, progress)),
      ],
      intents: async () => [
        ...(await measureIntents(workbench, folders.runtime, inProcessRuns, progress)),
        ...(await measureManyIntents(workbench, folders.runtime, inProcessRuns, progress)),
      ],
      idle: () => measureIdle(workbench, folders.runtime, inProcessRuns, progress),
      serve: () => measureServe(workbench, folders, inProcessRuns, progress),
      triggers: () => measureTriggers(workbench, folders, inProcessRuns, progress),
      profile: () => measureProfile(workbench, folders.libraries, { ...options, runs: inProcessRuns }, progress),
      program: () => measureProgram(workbench, folders.cli, inProcessRuns, progress),
      model: () => measureModel(workbench, folders.libraries, inProcessRuns, progress),
      engine: models(measureEngine),
      neighbors: models(measureNeighbors),
      "first-token": models(measureStartsToToken),
      "one-word": models(measureOneWord),
      drafts: models(measureDrafts),
      abort: models(measureAborts),
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

/**
 * Prepares the questions about local models, and reports for each one what cannot be measured.
 *
 * @param {Workbench} workbench
 * @param {import("./installations.mjs").OwnFolders} folders
 * @param {import("./bench-options.mjs").BenchOptions} options
 * @param {(figure: string) => boolean} wanted
 * @returns {Promise<(measure: (bench: import("./model-bench.mjs").ModelBench) => Promise<Row[]>) => () => Promise<Row[]>>}
 */
async function openModels(workbench, folders, options, wanted) {
  const asked = options.questions.filter((question) => modelQuestions.has(question));
  const [first] = asked;
  if (first === undefined) return () => async () => [];
  /** @type {Row[]} */
  const missing = localModels().flatMap(({ name, title, file, isThere }) =>
    isThere ? [] : [failedRow([first, name], title, `skipped: ${file} not found in ${modelFolder()}`)],
  );
  const llamaServer = process.env.LLAMA_SERVER;
  if (llamaServer === undefined && options.peers)
    missing.push(failedRow([first, "llama-server"], "llama-server", "skipped: LLAMA_SERVER is not set"));
  let nodeLlamaCpp;
  try {
    if (options.peers) nodeLlamaCpp = await installPeer(workbench, "node-llama-cpp", NODE_LLAMA_CPP, progress);
  } catch (error) {
    missing.push(failedRow([first, "node-llama-cpp"], "node-llama-cpp", error));
  }
  const bench = await openModelBench({
    workbench,
    folders,
    pairs: options.pairs,
    llamaServer: options.peers ? llamaServer : undefined,
    nodeLlamaCpp,
    isWanted: wanted,
    progress,
  });
  return (measure) => async () => [...missing.splice(0), ...(await measure(bench))];
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
function isOfPeer(row) {
  const subject = row.figure.split("/")[1]?.replace(/-reply$/, "") ?? "";
  // A missing peer does not fail the run.
  if (row.failure.startsWith("skipped")) return true;
  return (
    subject in peers || subject.startsWith("systeminformation") || modelPeers.some((peer) => row.figure.endsWith(peer))
  );
}

/** @param {Machine} machine @param {readonly Row[]} rows */
function toJson(machine, rows) {
  const losses = findLosses(rows, Object.keys(peers));
  const judged = rows.map((row) => {
    const verdict = judgeRow(row, budgets);
    const lost = losses.find((loss) => loss.row === row)?.better.map(({ figure }) => figure);
    const verdictFields =
      verdict === null ? {} : { budget: verdict.budget.limit, met: verdict.met, verdict: verdict.word };
    return { ...row, ...verdictFields, ...(lost === undefined ? {} : { lost_to: lost }) };
  });
  return `${JSON.stringify({ format: 1, machine, rows: judged }, null, 2)}\n`;
}

/** @param {Machine} machine @param {readonly Row[]} rows */
function toText(machine, rows) {
  const { date, commit, node, platform, cpu_model, cpu_cores, memory_mb } = machine;
  const load = Math.max(machine.load_average, machine.load_average_after);
  const busy =
    load > cpu_cores ? `\nThe machine was busy: load ${load} on ${cpu_cores} cores. Times are uncertain.` : "";
  const facts = `Node ${node} on ${platform}, ${cpu_cores} × ${cpu_model}, ${memory_mb} MB, commit ${commit ?? "unknown"}, ${date}${busy}`;
  const losses = findLosses(rows, Object.keys(peers));
  const shortfalls = [...renderShortfalls(rows, budgets), ...renderLosses(losses)];
  const closing = shortfalls.length === 0 ? "Every budget is met." : shortfalls.join("\n");
  return `${facts}\n\n${renderReport(rows, budgets, losses)}\n${closing}\n`;
}

/** @param {string} what */
function progress(what) {
  process.stderr.write(`${what}\n`);
}
