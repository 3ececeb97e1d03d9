import { readdirSync, readFileSync } from "node:fs";

/** The kernel counts processor time in /proc in steps of a hundredth of a second. */
const TICK_MILLISECONDS = 10;

/**
 * Stops a process with all its descendants, and reads the processor time that they have taken, ended ones included that
 * were waited for.
 *
 * @param {number} processId
 * @returns {{ cpuMilliseconds: number, kill: () => void }}
 */
export function freezeTree(processId) {
  const members = [processId];
  for (let index = 0; index < members.length; index++) {
    const member = members[index] ?? 0;
    signal(member, "SIGSTOP");
    for (const [id, parent] of listParents()) if (parent === member && !members.includes(id)) members.push(id);
  }
  const cpuMilliseconds = members.reduce((sum, member) => sum + cpuMillisecondsOf(member), 0);
  const kill = () => {
    for (const member of members) signal(member, "SIGKILL");
  };
  return { cpuMilliseconds, kill };
}

/** @returns {[processId: number, parent: number][]} */
function listParents() {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => [Number(name), Number(fieldsOf(`/proc/${name}/stat`)[1])]);
}

/**
 * Threads report in nanoseconds, the process in ticks; the process alone knows of threads that have ended.
 *
 * @param {number} processId
 */
function cpuMillisecondsOf(processId) {
  const [user, system, childUser, childSystem] = fieldsOf(`/proc/${processId}/stat`).slice(11, 15).map(Number);
  const ofProcess = ((user ?? 0) + (system ?? 0)) * TICK_MILLISECONDS;
  const ofChildren = ((childUser ?? 0) + (childSystem ?? 0)) * TICK_MILLISECONDS;
  let ofThreads = 0;
  for (const thread of list(`/proc/${processId}/task`)) {
    ofThreads += Number(read(`/proc/${processId}/task/${thread}/schedstat`).split(" ")[0]) / 1e6;
  }
  return Math.round(Math.max(ofProcess, ofThreads) + ofChildren);
}

/** Fields behind the name, which may hold spaces. @param {string} file */
function fieldsOf(file) {
  const text = read(file);
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}

/** @param {string} file */
function read(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    // The process has ended.
    return "";
  }
}

/** @param {string} folder */
function list(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** @param {number} processId @param {NodeJS.Signals} name */
function signal(processId, name) {
  try {
    process.kill(processId, name);
  } catch {}
}
