import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";

/**
 * Reads `+ GROUP` and `- GROUP`, a line each, and when its input ends, because this program has in whatever way, kills
 * the groups that are left. It is one for all of them: a watcher for each would be an orphan when its group is done, and
 * nobody buries those where this program is a container's first process.
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

let keeper: ChildProcess | null = null;

/** Has a process group killed when this program ends before the group does, even when this program is killed. */
export function keepGroup(group: number): void {
  tell("+", group);
}

/** The group has ended: its number may be another's soon. */
export function releaseGroup(group: number): void {
  if (keeper !== null) tell("-", group);
}

function tell(change: "+" | "-", group: number): void {
  keeper ??= startKeeper();
  keeper?.stdin?.write(`${change} ${group}\n`);
}

/** Null where there is no shell: then groups live on, as their programs like. */
function startKeeper(): ChildProcess | null {
  if (process.platform === "win32" || !existsSync(shell)) return null;
  // A session of its own: what ends a terminal's programs must not end it before this one.
  const child = spawn(shell, ["-c", script], {
    cwd: "/",
    env: {},
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  const forget = () => {
    if (keeper === child) keeper = null;
  };
  child.once("error", forget);
  child.once("exit", forget);
  child.stdin?.on("error", forget);
  // Nothing waits for it.
  child.unref();
  (child.stdin as (typeof child.stdin & { unref?: () => void }) | null)?.unref?.();
  return child;
}
