import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";

/**
 * Shell program that reads one line for each change: `+ GROUP` to add a process group, `- GROUP` to forget it. Its input
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
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done`;

const shell = "/bin/sh";

let watcher: ChildProcess | null = null;

/** Has a process group killed when this program ends, even by SIGKILL. {@link forgetGroup} takes that back. */
export function killAtExit(group: number): void {
  tell("+", group);
}

/** Forgets a group that has ended. The system may give its number to another group. */
export function forgetGroup(group: number): void {
  if (watcher !== null) tell("-", group);
}

function tell(change: "+" | "-", group: number): void {
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
