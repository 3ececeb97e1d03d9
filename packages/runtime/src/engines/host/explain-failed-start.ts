import { accessSync, constants, existsSync } from "node:fs";
import type { HostCommand } from "./find-host.js";
import { missingHost } from "./find-host.js";
import { HostStartError, type HostStartFailure } from "./host-start-error.js";
import { notNode } from "./wrong-host.js";

/** End of a start that came to nothing, as far as the program that tried it knows. */
export interface FailedStart {
  command: Pick<HostCommand, "nodeFile" | "hostFile">;
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** Error of the system's call that starts a process; null where the process was started. */
  cause: unknown;
  /** Last words of the process. */
  output: string;
}

interface Explanation {
  failure: HostStartFailure;
  message: string;
  hint: string;
}

const NO_PROCESS = "The system cannot start the engine's process";

/** Causes that the code of a system's error names. */
const byCode: Readonly<Record<string, Explanation>> = {
  ERR_ACCESS_DENIED: {
    failure: "not-permitted",
    message: "Node's permission model does not let this program start the engine's process.",
    hint: "Start Node with --allow-child-process --allow-addons; or with --allow-addons alone, and set engine.isolation: none.",
  },
  EAGAIN: {
    failure: "process-limit",
    message: `${NO_PROCESS}: the limit on processes and threads is reached.`,
    hint: "End other programs of this user, or raise the limit: ulimit -u, TasksMax= of systemd, --pids-limit of a container.",
  },
  ENOMEM: {
    failure: "no-memory",
    message: `${NO_PROCESS}: it has no memory for one.`,
    hint: "End other programs, or raise the limit on the memory of this program, such as a container's or ulimit -v.",
  },
  EMFILE: {
    failure: "file-limit",
    message: `${NO_PROCESS}: this program has as many open files as it may.`,
    hint: "Close files or connections, or raise the limit: ulimit -n, LimitNOFILE= of systemd.",
  },
  E2BIG: {
    failure: "environment-too-large",
    message: `${NO_PROCESS}: the environment variables of this program are too large.`,
    hint: "Remove large environment variables before nanoagent starts; files can hold such data.",
  },
};
const sameAs: Readonly<Record<string, string>> = { ENFILE: "EMFILE", ENAMETOOLONG: "E2BIG" };

/**
 * Returns the error for a process that ended before its program ran, or null where neither its files nor its output tell
 * why. The files are looked at now: what is missing is named before what the output says of it.
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
      reason: `Its program is ${hostFile}, and packages are looked for in the node_modules folders above that.`,
      hint: `Install it there; or bundle @nanoagent/runtime/host-program together with all that it imports.`,
    });
  }
  if (signal === "SIGSYS" || code === "EPERM" || code === "ENOSYS") {
    return new HostStartError({
      failure: "not-permitted",
      message: `${NO_PROCESS}: a filter around this program forbids it (${signal ?? code}).`,
      reason,
      hint: "Allow it in the sandbox or the seccomp profile around this program, or set engine.isolation: none.",
      cause,
    });
  }
  if (nodeFile !== process.execPath && cause === null && signal !== "SIGKILL") return notNode(command, output);
  // A process that a signal has ended crashed, or was out of memory.
  if (signal !== null || (exitCode === null && cause === null)) return null;
  return new HostStartError({
    failure: "ended",
    message: `The engine's process ended before it began (${exitCode === null ? code : `exit code ${exitCode}`}).`,
    reason,
    hint: `This command shows whether Node can run its program: ${[nodeFile, hostFile].map(quote).join(" ")}`,
    cause,
  });
}

/** Explains what is wrong with the Node that was to run it. A shell says so by exit code 126 or 127. */
function explainNode(file: string, exitCode: number | null, code: string, output: string): Explanation | null {
  if (!existsSync(file)) {
    const isOwn = file === process.execPath;
    return {
      failure: "node-not-found",
      message: `The Node that is to run the engine's process is missing: there is no file ${file}.`,
      hint: isOwn
        ? "It was removed or updated while this program ran: start this program again."
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
      message: `The Node that is to run the engine's process may not be executed: ${file}.`,
      hint: `Make it executable (chmod a+rx), or take one on a file system that is not mounted with noexec, and pass its path as nodeFile.`,
    };
  }
  if (code === "EPERM" || code === "ENOSYS") return null;
  return {
    failure: "wrong-system",
    message: `The Node that is to run the engine's process is built for another system: ${file}.`,
    hint: "Pass the path of a Node for this processor and this C library (glibc or musl) as nodeFile.",
  };
}

function quote(file: string): string {
  return /^[\w@%+=:,./\\-]+$/.test(file) ? file : `"${file}"`;
}
