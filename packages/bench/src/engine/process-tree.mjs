import { readdirSync, readFileSync } from "node:fs";

/** Unit of processor time in /proc: a hundredth of a second. */
const TICK_MILLISECONDS = 10;
const LOOK_MILLISECONDS = 30;

/**
 * Stops a process with all its descendants, and reads their processor time, including that of ended descendants that
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

/**
 * Returns the processor time of a process and its descendants so far, while they continue to run.
 *
 * @param {number} processId
 */
export function cpuMillisecondsOfTree(processId) {
  return treeOf(processId).reduce((sum, member) => sum + cpuMillisecondsOf(member), 0);
}

/**
 * Watches a process until its end: its processor time and that of all descendants, including those that no process
 * waits for. It polls every few hundredths of a second; a process counts up to its last poll.
 *
 * @param {number} processId
 * @returns {{ stop: () => number }} stop returns the milliseconds
 */
export function followTree(processId) {
  /** @type {Map<number, number>} */
  const seen = new Map();
  const look = () => {
    for (const member of treeOf(processId))
      seen.set(member, Math.max(seen.get(member) ?? 0, ownCpuMilliseconds(member)));
  };
  look();
  const timer = setInterval(look, LOOK_MILLISECONDS);
  const stop = () => {
    clearInterval(timer);
    look();
    return Math.round([...seen.values()].reduce((sum, milliseconds) => sum + milliseconds, 0));
  };
  return { stop };
}

/** @param {number} processId @returns {number[]} */
function treeOf(processId) {
  const members = [processId];
  for (let index = 0; index < members.length; index++) {
    const member = members[index] ?? 0;
    for (const thread of list(`/proc/${member}/task`)) {
      const children = read(`/proc/${member}/task/${thread}/children`).trim();
      if (children !== "") members.push(...children.split(" ").map(Number));
    }
  }
  return members;
}

/** @returns {[processId: number, parent: number][]} */
function listParents() {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => [Number(name), Number(fieldsOf(`/proc/${name}/stat`)[1])]);
}

/**
 * Threads report nanoseconds, processes report ticks. Only the process counts threads that have ended.
 *
 * @param {number} processId
 */
function ownCpuMilliseconds(processId) {
  const [user, system] = ticksOf(processId);
  const ofProcess = (user + system) * TICK_MILLISECONDS;
  let ofThreads = 0;
  for (const thread of list(`/proc/${processId}/task`)) {
    ofThreads += Number(read(`/proc/${processId}/task/${thread}/schedstat`).split(" ")[0]) / 1e6;
  }
  return Math.max(ofProcess, ofThreads);
}

/** Includes children that have ended and were waited for. @param {number} processId */
function cpuMillisecondsOf(processId) {
  const [, , childUser, childSystem] = ticksOf(processId);
  return Math.round(ownCpuMilliseconds(processId) + (childUser + childSystem) * TICK_MILLISECONDS);
}

/** @param {number} processId @returns {[user: number, system: number, childUser: number, childSystem: number]} */
function ticksOf(processId) {
  const [user = 0, system = 0, childUser = 0, childSystem = 0] = fieldsOf(`/proc/${processId}/stat`)
    .slice(11, 15)
    .map(Number);
  return [user, system, childUser, childSystem];
}

/** Returns the fields after the name, which can contain spaces. @param {string} file */
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
