import { accessSync, constants, existsSync } from "node:fs";
import type { HostCommand } from "./find-host.js";
import { missingHost } from "./find-host.js";
import { HostStartError, type HostStartFailure } from "./host-start-error.js";
import { notNode } from "./wrong-host.js";

/** Facts about a process that ended before the host program ran. */
export interface FailedStart {
  command: Pick<HostCommand, "nodeFile" | "hostFile">;
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** Error of the system call that starts a process, or null if the process was started. */
  cause: unknown;
  /** End of the process's output. */
  output: string;
}

interface Explanation {
  failure: HostStartFailure;
  message: string;
  hint: string;
}

const NO_PROCESS = "The system cannot start the engine's process";

/** Causes that the code of a system error identifies. */
const byCode: Readonly<Record<string, Explanation>> = {
  ERR_ACCESS_DENIED: {
    failure: "not-permitted",
    message: "Node's permission model does not let this program start the engine's process.",
    hint: "Start Node with --allow-child-process --allow-addons, or with only --allow-addons and engine.isolation: none.",
  },
  EAGAIN: {
    failure: "process-limit",
    message: `${NO_PROCESS}: the limit on processes and threads is reached.`,
    hint: "Stop other programs of this user, or raise the limit: ulimit -u, systemd's TasksMax=, a container's --pids-limit.",
  },
  ENOMEM: {
    failure: "no-memory",
    message: `${NO_PROCESS}: not enough memory.`,
    hint: "Stop other programs, or raise this program's memory limit (container limit, ulimit -v).",
  },
  EMFILE: {
    failure: "file-limit",
    message: `${NO_PROCESS}: this program has reached its limit of open files.`,
    hint: "Close files or connections, or raise the limit: ulimit -n, systemd's LimitNOFILE=.",
  },
  E2BIG: {
    failure: "environment-too-large",
    message: `${NO_PROCESS}: the environment variables of this program are too large.`,
    hint: "Move the values of large environment variables into files.",
  },
};
const sameAs: Readonly<Record<string, string>> = { ENFILE: "EMFILE", ENAMETOOLONG: "E2BIG" };

/**
 * Returns the error for a process that ended before its program ran, or null if neither its files nor its output show
 * the cause. Files are checked first, so a missing file is named even if the output has another message.
 */
export function explainFailedStart({ command, exitCode, signal, cause, output }: FailedStart): HostStartError | null {
  const { nodeFile, hostFile } = command;
  const reason = output || (cause instanceof Error ? cause.message : undefined);
  const code = String((cause as { code?: unknown } | null)?.code ?? "");
  const known =
    byCode[/thread_create/.test(output) ? "EAGAIN" : (sameAs[code] ?? code)] ??
    explainNode(nodeFile, exitCode, code, output);
  if (known !== null) return new HostStartError({ ...known, reason, cause });
  if (!existsSync(hostFile)) return missingHost(hostFile, cause);
  const missing = /Cannot find (?:package|module) '([^']+)'/.exec(output)?.[1];
  if (missing !== undefined) {
    return new HostStartError({
      failure: "missing-package",
      message: `The engine's process cannot find ${missing}.`,
      reason: `Its program is ${hostFile}, so Node searches the node_modules folders above it.`,
      hint: `Install it there, or bundle @nanoagent/runtime/host-program with its imports.`,
    });
  }
  if (signal === "SIGSYS" || code === "EPERM" || code === "ENOSYS") {
    return new HostStartError({
      failure: "not-permitted",
      message: `${NO_PROCESS}: a sandbox forbids it (${signal ?? code}).`,
      reason,
      hint: "Allow child processes in the sandbox or seccomp profile, or set engine.isolation: none.",
      cause,
    });
  }
  if (nodeFile !== process.execPath && cause === null && signal !== "SIGKILL") return notNode(command, output);
  // A process that was ended by a signal has crashed or run out of memory.
  if (signal !== null || (exitCode === null && cause === null)) return null;
  return new HostStartError({
    failure: "ended",
    message: `The engine's process ended at startup (${exitCode === null ? code : `exit code ${exitCode}`}).`,
    reason,
    hint: `To see whether Node can run it, run: ${[nodeFile, hostFile].map(quote).join(" ")}`,
    cause,
  });
}

/** Explains why a Node binary cannot be run. A shell reports this with exit code 126 or 127. */
function explainNode(file: string, exitCode: number | null, code: string, output: string): Explanation | null {
  if (!existsSync(file)) {
    const isOwn = file === process.execPath;
    return {
      failure: "node-not-found",
      message: `The Node binary for the engine's process does not exist: ${file}.`,
      hint: isOwn
        ? "It was removed or updated while this program ran. Restart this program."
        : "Pass the path of an installed Node as nodeFile.",
    };
  }
  if (!/^E/.test(code) && exitCode !== 126 && exitCode !== 127 && !/exec format|syntax error/i.test(output))
    return null;
  try {
    accessSync(file, constants.X_OK);
  } catch {
    return {
      failure: "node-not-executable",
      message: `The Node binary for the engine's process is not executable: ${file}.`,
      hint: `Make it executable (chmod a+rx), or pass as nodeFile a Node that is not on a noexec mount.`,
    };
  }
  if (code === "EPERM" || code === "ENOSYS") return null;
  return {
    failure: "wrong-system",
    message: `The Node binary for the engine's process is built for another system: ${file}.`,
    hint: "Pass as nodeFile the path of a Node for this processor and C library (glibc or musl).",
  };
}

function quote(file: string): string {
  return /^[\w@%+=:,./\\-]+$/.test(file) ? file : `"${file}"`;
}
