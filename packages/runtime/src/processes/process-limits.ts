import { accessSync, constants, readFileSync } from "node:fs";

/** Limits that the operating system applies to a process before its program starts. */
export interface ProcessLimits {
  /** Limit of its private reserved memory, in bytes (RLIMIT_DATA). */
  dataBytes?: number | undefined;
  /** Stack size of each of its threads, in bytes. */
  stackBytes?: number | undefined;
  /** Whether the kernel kills it before any other process when memory runs out. */
  diesFirst?: boolean | undefined;
  /** File of a cgroup. Writing a process number to it moves the process into the cgroup. */
  groupFile?: string | undefined;
  /** Environment variables to remove. */
  unset?: readonly string[] | undefined;
}

/** A command that sets limits and then becomes the program, as arguments of `spawn`. */
export interface LimitedCommand {
  file: string;
  args: readonly string[];
  environment: Record<string, string | undefined>;
}

const SHELL = "/bin/sh";

/** Whether limits can be set here. Minimal containers have no shell, and Node itself cannot set limits. */
export function canLimitProcesses(): boolean {
  if (process.platform === "win32") return false;
  try {
    accessSync(SHELL, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Returns a command that runs `file` within limits and without a core dump, which could fill the disk. The shell script
 * is fixed; program and arguments are its parameters. A lower existing hard limit stays. Needs
 * {@link canLimitProcesses}.
 */
export function limitedCommand(
  file: string,
  rest: readonly string[],
  { dataBytes, stackBytes, diesFirst, groupFile, unset = [] }: ProcessLimits,
): LimitedCommand {
  const limits = [
    ["c", 0],
    ["s", stackBytes],
    ["d", dataBytes],
  ] as const;
  const steps = limits.flatMap(([letter, bytes]) =>
    bytes === undefined ? [] : [`ulimit -${letter} ${Math.floor(bytes / 1024)} 2>/dev/null`],
  );
  if (diesFirst === true) steps.push(`{ echo ${DIES_FIRST} > /proc/$$/oom_score_adj; } 2>/dev/null`);
  if (unset.length > 0) steps.push(`unset ${unset.join(" ")}`);
  // If a process cannot enter the cgroup, the reader of its process list notices. The other limits still apply.
  if (groupFile !== undefined) {
    steps.unshift(`{ echo $$ > "$${GROUP_VARIABLE}"; } 2>/dev/null`, `unset ${GROUP_VARIABLE}`);
  }
  return {
    file: SHELL,
    args: ["-c", `${steps.join("; ")}; exec "$0" "$@"`, file, ...rest],
    environment: groupFile === undefined ? {} : { [GROUP_VARIABLE]: groupFile },
  };
}

/** Highest value of `/proc/PID/oom_score_adj`. The kernel kills such a process first. */
export const DIES_FIRST = 1000;

const GROUP_VARIABLE = "NANOAGENT_GROUP";

/** Returns the active RLIMIT_DATA of a process in bytes, or null if there is none or it cannot be read. */
export function readDataLimit(processId: number): number | null {
  try {
    const limits = readFileSync(`/proc/${processId}/limits`, "utf8");
    const bytes = Number(/^Max data size\s+(\d+)/m.exec(limits)?.[1]);
    return Number.isFinite(bytes) ? bytes : null;
  } catch {
    return null;
  }
}
