import { accessSync, constants, readFileSync } from "node:fs";

/** Limits that the operating system puts on a process before its program begins. */
export interface ProcessLimits {
  /** Private memory that it may reserve, in bytes (RLIMIT_DATA). */
  dataBytes?: number | undefined;
  /** Stack of each of its threads, in bytes. */
  stackBytes?: number | undefined;
  /** Whether the kernel ends it before any other process when memory runs out. */
  diesFirst?: boolean | undefined;
  /** The file of a cgroup that takes in a process when its number is written there. */
  groupFile?: string | undefined;
  /** Variables that the program does not see. */
  unset?: readonly string[] | undefined;
}

/** A command that sets limits and then becomes the program, in the form that `spawn` takes. */
export interface LimitedCommand {
  file: string;
  args: readonly string[];
  environment: Record<string, string | undefined>;
}

const SHELL = "/bin/sh";

/** Whether limits can be set here. Minimal containers have no shell, and Node itself can set none. */
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
 * A command that runs `file` within limits and without a core dump, which could fill the disk. The shell's script is
 * fixed: program and arguments are its parameters. A hard limit that is lower stays. Needs {@link canLimitProcesses}.
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
  // A cgroup that cannot be entered is noticed by whoever reads its list of processes; the other limits hold without it.
  if (groupFile !== undefined) {
    steps.unshift(`{ echo $$ > "$${GROUP_VARIABLE}"; } 2>/dev/null`, `unset ${GROUP_VARIABLE}`);
  }
  return {
    file: SHELL,
    args: ["-c", `${steps.join("; ")}; exec "$0" "$@"`, file, ...rest],
    environment: groupFile === undefined ? {} : { [GROUP_VARIABLE]: groupFile },
  };
}

/** The most that `/proc/PID/oom_score_adj` takes: the kernel's choice when memory runs out. */
export const DIES_FIRST = 1000;

const GROUP_VARIABLE = "NANOAGENT_GROUP";

/** RLIMIT_DATA that is in force for a process, in bytes; null where there is none or it cannot be read. */
export function readDataLimit(processId: number): number | null {
  try {
    const limits = readFileSync(`/proc/${processId}/limits`, "utf8");
    const bytes = Number(/^Max data size\s+(\d+)/m.exec(limits)?.[1]);
    return Number.isFinite(bytes) ? bytes : null;
  } catch {
    return null;
  }
}
