import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";

/**
 * Shell program that reads one line for each change: `+ GROUP` to add a group, `- GROUP` to forget it. A group is a process
 * group, by its number, or a cgroup, by the file that lists its processes. Its input
 * ends when this program ends, however that happens. It then kills the groups that are left. One shell serves all groups:
 * a shell for each would be an orphan when its group has ended, and a container whose first process is this program has
 * nobody to reap it.
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

/** Has a process group, or the processes that a file lists, killed when this program ends, even by SIGKILL. {@link forgetGroup} takes that back. */
export function killAtExit(group: number | string): void {
  tell("+", group);
}

/** Forgets a group that has ended. The system may give its number to another group. */
export function forgetGroup(group: number | string): void {
  if (watcher !== null) tell("-", group);
}

function tell(change: "+" | "-", group: number | string): void {
  // The shell tells groups apart by the spaces between them.
  if (/\s/.test(String(group))) return;
  watcher ??= startWatcher();
  watcher?.stdin?.write(`${change} ${group}\n`);
}

/** Starts the shell, or returns null where the system has none. Groups may then outlive this program. */
function startWatcher(): ChildProcess | null {
  if (process.platform === "win32" || !existsSync(shell)) return null;
  // A session of its own: a signal to the terminal's programs must not end it before this program.
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
  // This program does not wait for it.
  child.unref();
  (child.stdin as (typeof child.stdin & { unref?: () => void }) | null)?.unref?.();
  return child;
}
