import os from "node:os";
import path from "node:path";

/** Returns the folder of the program's state: `nanoagent` in `XDG_STATE_HOME`, on Windows in `LOCALAPPDATA`. */
export function stateFolderOf({
  XDG_STATE_HOME: state = "",
  LOCALAPPDATA: local = "",
}: Readonly<Record<string, string | undefined>>): string {
  if (path.isAbsolute(state)) return path.join(state, "nanoagent");
  if (process.platform === "win32" && path.isAbsolute(local)) return path.join(local, "nanoagent");
  return path.join(os.homedir(), ".local", "state", "nanoagent");
}
