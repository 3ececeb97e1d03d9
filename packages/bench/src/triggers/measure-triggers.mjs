import { writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { programFile } from "../installations.mjs";
import { failedRow, reportRow } from "../report-row.mjs";
import { MeasuredProcess } from "../serve/measured-process.mjs";
import { summarizeSamples } from "../summarize-samples.mjs";
import { hasMosquitto, LocalBroker } from "./local-broker.mjs";

/** @typedef {import("../report-row.mjs").Row} Row */
/** @typedef {import("../report-row.mjs").Unit} Unit */

const QUIET_MILLISECONDS = 60_000;
const SETTLE_MILLISECONDS = 3000;
/** After it, the start is over: HomeAssistant has read the states, and V8 has collected garbage. */
const START_MILLISECONDS = 45_000;
const MESSAGES = 10_000;
const MESSAGE = JSON.stringify({ percent: 41.5, battery: 93, bed: "north", at: "2026-11-29T08:30:00.000Z" });
const SECRET = { HOOK_SECRET: "a-secret-of-the-benchmark" };

const TRIGGERS = "nanoagent serve with 20 triggers and a broker";
const MQTT = "connection to a broker";

const connectionProgram = fileURLToPath(new URL("./hold-connection.mjs", import.meta.url));

/**
 * Measures a quiet agent with triggers beside the same agent without them, and a connection to a broker alone. Needs
 * Mosquitto.
 *
 * @param {import("../workbench.mjs").Workbench} workbench
 * @param {import("../installations.mjs").OwnFolders} folders
 * @param {number} runs
 * @param {(what: string) => void} progress
 * @returns {Promise<Row[]>}
 */
export async function measureTriggers(workbench, folders, runs, progress) {
  if (!hasMosquitto) {
    const failure = "skipped: Mosquitto and its clients are not installed";
    return [failedRow(["triggers", "nanoagent"], TRIGGERS, failure), failedRow(["triggers", "mqtt"], MQTT, failure)];
  }
  const broker = await LocalBroker.start(workbench.folder);
  try {
    const program = programFile(folders.cli);
    const quiet = measureQuiet(program, workbench.makeFolder("triggers"), broker, runs, progress);
    const rows = await quiet.catch((error) => [failedRow(["triggers", "nanoagent"], TRIGGERS, error)]);
    const connection = measureConnection(folders.libraries, workbench.folder, broker, runs, progress);
    return [...rows, ...(await connection.catch((error) => [failedRow(["triggers", "mqtt"], MQTT, error)]))];
  } finally {
    broker.end();
  }
}

/**
 * Pairs of quiet services: with triggers, and without. All wait at the same time, so that they see the same machine.
 *
 * @param {string} program
 * @param {string} folder
 * @param {LocalBroker} broker
 * @param {number} runs
 * @param {(what: string) => void} progress
 */
async function measureQuiet(program, folder, broker, runs, progress) {
  /** @type {MeasuredProcess[]} */
  const children = [];
  const start = async (/** @type {string} */ name, /** @type {object} */ settings) => {
    const config = path.join(folder, `${name}.json`);
    const device = { device_id: "bench", platform: "linux-x86_64", memory_mb: 1024, cpu_cores: 2 };
    const session = { dir: path.join(folder, name) };
    writeFileSync(
      config,
      JSON.stringify({ spec: { name: "bench-agent" }, device, session, tools: [reading], ...settings }),
    );
    const args = [program, "serve", "--config", config, "--port", "0", "--log-level", "error"];
    const child = new MeasuredProcess(args, folder, SECRET);
    children.push(child);
    await child.line();
    return child;
  };
  try {
    const pairs = [];
    for (let pair = 1; pair <= runs; pair++) {
      progress(`triggers: start, pair ${pair} of ${runs}`);
      const mqtt = { url: broker.url, client_id: `bench-${pair}` };
      pairs.push({
        without: await start(`without-${pair}`, {}),
        with: await start(`with-${pair}`, { mqtt, triggers: twentyTriggers(folder) }),
      });
    }
    await setTimeout(START_MILLISECONDS);
    progress(`triggers: ${QUIET_MILLISECONDS / 1000} s of quiet`);
    const before = pairs.map((pair) => pair.with.cpuMicroseconds);
    await setTimeout(QUIET_MILLISECONDS);
    const used = pairs.map((pair, index) => pair.with.cpuMicroseconds - (before[index] ?? 0));
    const bytes = pairs.map((pair) => pair.with.residentBytes - pair.without.residentBytes);
    return [
      row("nanoagent", "cpu", TRIGGERS, "share of a core while nothing happens", "%", used.map(shareOfQuiet)),
      row("nanoagent", "memory", TRIGGERS, "RSS then, minus that without triggers", "MB", bytes.map(megabytes)),
    ];
  } finally {
    for (const child of children) child.end();
  }
}

const reading = {
  name: "read_level",
  description: "Reads the level of the water.",
  command: ["echo", "3"],
  changes_world: false,
};

/** Ten schedules, five topics, three files and two hooks. None of them happens within the measurement. @param {string} folder */
function twentyTriggers(folder) {
  // Far enough from now, whatever the time is.
  const hour = (new Date().getHours() + 12) % 24;
  const act = { do: { tool: "read_level" } };
  const numbered = (/** @type {number} */ count, /** @type {(number: number) => object} */ make) =>
    Array.from({ length: count }, (_, index) => make(index));
  return [
    ...numbered(8, (n) => ({ name: `schedule-${n}`, when: { schedule: `${n * 7} ${hour} * * *` }, ...act })),
    ...numbered(2, (n) => ({ name: `every-${n}`, when: { every: "366d" }, ...act })),
    ...numbered(5, (n) => ({
      name: `topic-${n}`,
      when: { mqtt: { topic: `garden/${n}/+` } },
      if: { value: "payload.percent", below: 30, hysteresis: 3 },
      ...act,
    })),
    ...numbered(3, (n) => ({
      name: `file-${n}`,
      when: { file: { path: path.join(folder, `watched-${n}.txt`) } },
      ...act,
    })),
    ...numbered(2, (n) => ({ name: `hook-${n}`, when: { http: { secret_env: "HOOK_SECRET" } }, ...act })),
  ];
}

/**
 * Memory of a process that is connected to a broker, and after many messages.
 *
 * @param {string} folder
 * @param {string} cwd
 * @param {LocalBroker} broker
 * @param {number} runs
 * @param {(what: string) => void} progress
 */
async function measureConnection(folder, cwd, broker, runs, progress) {
  const bare = /** @type {number[]} */ ([]);
  const connected = /** @type {number[]} */ ([]);
  const after = /** @type {number[]} */ ([]);
  for (let run = 1; run <= runs; run++) {
    progress(`triggers: connection, run ${run} of ${runs}`);
    bare.push(
      await withChild([connectionProgram, folder], cwd, async (child) => {
        await child.line();
        await setTimeout(SETTLE_MILLISECONDS);
        return child.residentBytes;
      }),
    );
    await withChild([connectionProgram, folder, broker.url], cwd, async (child) => {
      await child.line();
      await setTimeout(SETTLE_MILLISECONDS);
      connected.push(child.residentBytes);
      await broker.publish("bench/garden", MESSAGE, MESSAGES);
      await child.line();
      await setTimeout(SETTLE_MILLISECONDS);
      after.push(child.residentBytes);
    });
  }
  const overBare = (/** @type {number} */ bytes) => megabytes(bytes - Math.min(...bare));
  const many = MESSAGES.toLocaleString("en");
  return [
    row("mqtt", "connected", MQTT, "RSS, minus bare Node", "MB", connected.map(overBare)),
    row("mqtt", "messages", MQTT, `RSS after ${many} messages, minus bare Node`, "MB", after.map(overBare)),
  ];
}

/**
 * @template Result
 * @param {readonly string[]} args
 * @param {string} cwd
 * @param {(child: MeasuredProcess) => Promise<Result>} measure
 */
async function withChild(args, cwd, measure) {
  const child = new MeasuredProcess(args, cwd);
  try {
    return await measure(child);
  } finally {
    child.end();
  }
}

/**
 * @param {string} subject
 * @param {string} name
 * @param {string} words
 * @param {string} measure
 * @param {Unit} unit
 * @param {readonly number[]} samples
 */
function row(subject, name, words, measure, unit, samples) {
  return reportRow(["triggers", subject, name], { subject: words, measure, unit }, summarizeSamples(samples));
}

/** @param {number} microseconds */
function shareOfQuiet(microseconds) {
  return (microseconds / 1000 / QUIET_MILLISECONDS) * 100;
}

/** @param {number} bytes */
function megabytes(bytes) {
  return bytes / 2 ** 20;
}
