import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/**
 * Returns whether this process may use its terminal. A process in the background (`nanoagent serve &`) that does is
 * stopped by the system.
 */
export function isInForeground(): boolean {
  try {
    if (process.platform === "win32") return true;
    if (process.platform !== "linux")
      return execFileSync("ps", ["-o", "stat=", "-p", String(process.pid)], { encoding: "utf8" }).includes("+");
    const stat = readFileSync("/proc/self/stat", "latin1");
    // Behind the name, which may contain spaces: state, parent, process group, session, terminal, foreground group.
    const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return group === foreground;
  } catch {
    return false;
  }
}
