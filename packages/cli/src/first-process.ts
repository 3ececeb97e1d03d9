import { existsSync } from "node:fs";

const SHELL = "/bin/sh";

/**
 * Runs the program as its child, hands signals on, and waits for every process that a container's first process inherits.
 * A terminal sends its own signals to both.
 */
const script = `
"$@" <&0 & child=$!
trap 'kill -TERM $child' TERM
trap 'kill -HUP $child' HUP
if [ -t 0 ]; then trap : INT QUIT; else trap 'kill -INT $child' INT; trap 'kill -QUIT $child' QUIT; fi
while :; do wait $child; code=$?; kill -0 $child 2>/dev/null || exit $code; done`;

/**
 * As the first process of a container a program inherits what its tools leave behind, and Node never waits for processes
 * that it has not started: dead ones would stay for ever. There a shell takes this process over, as far as this version of
 * Node can do that (22.15 and later), and starts the program again below it. Returns where nothing needs to be done.
 */
export function leaveFirstProcess(): void {
  const { execve } = process as { execve?: (file: string, args: string[], env: NodeJS.ProcessEnv) => never };
  if (process.pid !== 1 || process.platform !== "linux" || execve === undefined || !existsSync(SHELL)) return;
  const { execPath, execArgv, argv, env } = process;
  try {
    execve.call(process, SHELL, ["sh", "-c", script, "sh", execPath, ...execArgv, ...argv.slice(1)], env);
  } catch {
    // The program runs as it is, and says what stays behind.
  }
}
