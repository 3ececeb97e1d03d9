import os from "node:os";

const SEARCH_PATH = "/usr/local/bin:/usr/bin:/bin";

/** What a program sees: nothing of the agent's own environment, in which keys and tokens may be. */
export function programEnvironment(own: Record<string, string> = {}): Record<string, string> {
  const windows = process.platform === "win32" ? { SystemRoot: process.env.SystemRoot ?? "C:\\Windows" } : {};
  const searchPath = process.platform === "win32" ? (process.env.PATH ?? "") : SEARCH_PATH;
  return { PATH: searchPath, LANG: "C.UTF-8", HOME: homeFolder(), ...windows, ...own };
}

/** A user without an entry in the system's list, as in some containers, has none. */
function homeFolder(): string {
  try {
    return os.homedir();
  } catch {
    return "/";
  }
}
