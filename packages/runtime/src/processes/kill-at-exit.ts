import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";

/**
 * Shell program that reads one line per change: `+ GROUP` adds a group, `- GROUP` removes it. A group is the number of
 * a process group, or the file that lists the processes of a cgroup. The shell's input ends when this program ends, for
 * any reason. It then kills the remaining groups. One shell serves all groups: a shell for each group would become an
 * orphan when its group ends, and in a container whose first process is this program, nothing would reap it.
 */
const script = `trap '' INT TERM HUP
groups=
while read -r change group; do
  kept=
  for one in $groups; do [ "$one" = "$group" ] || kept="$kept $one"; done
  groups=$kept
  [ "$change" = + ] && groups="$groups $group"
done
for group in $groups; do
  case $group in
  /*) while read -r one; do kill -s KILL "$one"; done < "$group" ;;
  *) kill -s KILL -- "-$group" ;;
  esac
done 2>/dev/null`;

const shell = "/bin/sh";

let watcher: ChildProcess | null = null;

/**
 * Kills a process group, or the processes listed in a file, when this program ends, even by SIGKILL. Undo with
 * {@link forgetGroup}.
 */
export function killAtExit(group: number | string): void {
  tell("+", group);
}

/** Removes a group that has ended. The system may reuse its number. */
export function forgetGroup(group: number | string): void {
  if (watcher !== null) tell("-", group);
}

function tell(change: "+" | "-", group: number | string): void {
  // The shell separates groups by spaces.
  if (/\s/.test(String(group))) return;
  watcher ??= startWatcher();
  watcher?.stdin?.write(`${change} ${group}\n`);
}

/** Starts the shell, or returns null if the system has none. Groups may then outlive this program. */
function startWatcher(): ChildProcess | null {
  if (process.platform === "win32" || !existsSync(shell)) return null;
  // A separate session, so that a signal from the terminal does not end the shell before this program.
  const child = spawn(shell, ["-c", script], {
    cwd: "/",
    env: {},
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  const forget = () => {
    if (watcher === child) watcher = null;
  };
  child.once("error", forget);
  child.once("exit", forget);
  child.stdin?.on("error", forget);
  // This program can end while the shell runs.
  child.unref();
  (child.stdin as (typeof child.stdin & { unref?: () => void }) | null)?.unref?.();
  return child;
}
