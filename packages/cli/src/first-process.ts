import { existsSync } from "node:fs";

const SHELL = "/bin/sh";

/**
 * Shell script that runs the program as its child, forwards signals, and reaps every process that PID 1 of a container
 * inherits. A terminal sends its own signals to both processes.
 */
const script = `
"$@" <&0 & child=$!
trap 'kill -TERM $child' TERM
trap 'kill -HUP $child' HUP
if [ -t 0 ]; then trap : INT QUIT; else trap 'kill -INT $child' INT; trap 'kill -QUIT $child' QUIT; fi
while :; do wait $child; code=$?; kill -0 $child 2>/dev/null || exit $code; done`;

/**
 * Replaces this process with a shell that starts the program again as its child, if this is PID 1 on Linux and Node has
 * `process.execve` (22.15 and later); otherwise returns. PID 1 inherits orphaned processes, and Node never reaps
 * processes that it did not start, so they would stay as zombies.
 */
export function leaveFirstProcess(): void {
  const { execve } = process as { execve?: (file: string, args: string[], env: NodeJS.ProcessEnv) => never };
  if (process.pid !== 1 || process.platform !== "linux" || execve === undefined || !existsSync(SHELL)) return;
  const { execPath, execArgv, argv, env } = process;
  try {
    execve.call(process, SHELL, ["sh", "-c", script, "sh", execPath, ...execArgv, ...argv.slice(1)], env);
  } catch {
    // The program continues as PID 1.
  }
}
