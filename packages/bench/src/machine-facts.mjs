import { execFileSync } from "node:child_process";
import { cpus, loadavg, release, totalmem } from "node:os";
import { workspaceFolder } from "./packed-packages.mjs";

/** Returns the machine and date of the measurement. Figures are meaningless without them. */
export function machineFacts() {
  return {
    date: new Date().toISOString(),
    commit: commit(),
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    kernel: release(),
    cpu_model: cpus()[0]?.model ?? "unknown",
    cpu_cores: cpus().length,
    memory_mb: Math.round(totalmem() / 2 ** 20),
    load_average: loadAverage(),
    extra_ca_certs: process.env.NODE_EXTRA_CA_CERTS === undefined ? "unset" : "set here, but not for measured programs",
  };
}

/** Returns the load average of the last minute. @returns {number} */
export function loadAverage() {
  return Number((loadavg()[0] ?? 0).toFixed(2));
}

/** Returns the commit, with `+` if the tree has changes; null outside of a git checkout. @returns {string | null} */
function commit() {
  const git = (/** @type {string[]} */ ...args) =>
    execFileSync("git", args, { cwd: workspaceFolder, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    return git("rev-parse", "--short", "HEAD") + (git("status", "--porcelain") === "" ? "" : "+");
  } catch {
    return null;
  }
}
