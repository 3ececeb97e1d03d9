import { fileURLToPath } from "node:url";
import { allowImportsFrom } from "./import-from-folder.mjs";
import { installPeer } from "./installations.mjs";
import { failedRow, reportRow } from "./report-row.mjs";
import { summarizeSamples } from "./summarize-samples.mjs";

const PROFILE_MILLISECONDS = 60_000;
const SYSTEMINFORMATION = { systeminformation: "5.33.23" };

const profileProgram = fileURLToPath(new URL("./profile-device.mjs", import.meta.url));

/** @type {readonly (readonly [name: string, subject: string])[]} */
const own = [
  ["nanoagent-import", "import @nanoagent/profiler"],
  ["nanoagent-memory", "memory within all limits"],
  ["nanoagent", "all facts"],
];
/** @type {readonly (readonly [name: string, subject: string])[]} */
const peer = [
  ["systeminformation-import", "import systeminformation"],
  ["systeminformation-memory", "its mem()"],
  ["systeminformation-cpu", "its cpu()"],
  ["systeminformation", "its getStaticData()"],
];

/**
 * Measures reading the facts of a device, in a fresh process each time, including the import.
 *
 * @param {import("./workbench.mjs").Workbench} workbench
 * @param {string} folder with the profiler installed
 * @param {{ runs: number, peers: boolean }} options
 * @param {(what: string) => void} progress
 * @returns {Promise<import("./report-row.mjs").Row[]>}
 */
export async function measureProfile(workbench, folder, { runs, peers }, progress) {
  const rows = [];
  allowImportsFrom(folder);
  for (const [name, subject] of own) rows.push(...(await measure(folder, name, subject)));
  rows.push(...(await measureWatch()));
  if (!peers) return rows;
  try {
    const peerFolder = await installPeer(workbench, "systeminformation", SYSTEMINFORMATION, progress);
    allowImportsFrom(peerFolder);
    for (const [name, subject] of peer) rows.push(...(await measure(peerFolder, name, subject)));
  } catch (error) {
    rows.push(failedRow(["profile", "systeminformation"], "systeminformation", error));
  }
  return rows;

  /** @param {string} from @param {string} name @param {string} subject */
  async function measure(from, name, subject) {
    progress(`profile: ${subject}`);
    const milliseconds = [];
    const megabytes = [];
    try {
      for (let run = 0; run < runs; run++) {
        const report = await profile(from, name);
        milliseconds.push(report.milliseconds);
        megabytes.push(report.bytes / 2 ** 20);
      }
    } catch (error) {
      return [failedRow(["profile", name], subject, error)];
    }
    const time = { subject, measure: "including the import", unit: /** @type {const} */ ("ms") };
    const memory = { subject, measure: "additional RSS", unit: /** @type {const} */ ("MB") };
    return [
      reportRow(["profile", name, "time"], time, summarizeSamples(milliseconds)),
      reportRow(["profile", name, "memory"], memory, summarizeSamples(megabytes)),
    ];
  }

  async function measureWatch() {
    progress("profile: a watch");
    const subject = "watchDevice, one reading per second";
    try {
      const { share } = await profile(folder, "nanoagent-watch");
      const words = { subject, measure: "of a core", unit: /** @type {const} */ ("%") };
      return [reportRow(["profile", "nanoagent-watch", "share"], words, summarizeSamples([share * 100]))];
    } catch (error) {
      return [failedRow(["profile", "nanoagent-watch"], subject, error)];
    }
  }

  /** @param {string} from @param {string} name */
  async function profile(from, name) {
    const options = { cwd: workbench.folder, timeLimitMilliseconds: PROFILE_MILLISECONDS };
    const { stdout } = await workbench.run(process.execPath, [profileProgram, from, name], options);
    return JSON.parse(stdout);
  }
}
