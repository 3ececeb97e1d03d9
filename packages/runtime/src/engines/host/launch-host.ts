import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { createRequire } from "node:module";

/** What a host process may take. */
export interface HostLimits {
  /** The most private memory it may reserve (RLIMIT_DATA); where the system has no such limit, none. */
  dataBytes?: number | undefined;
  /** The most memory that its own JavaScript may take, in MB. Default: 32. */
  heapMb?: number | undefined;
  /** The cgroup that it puts itself into before it begins. */
  group?: HostGroup | undefined;
}

/** A cgroup with a limit of its own. */
export interface HostGroup {
  /** Writing one's process number here moves one in. */
  readonly processesFile: string;
  /** Whether the kernel has ended a process in it for want of memory. */
  killedForMemory(): boolean;
  remove(): Promise<void>;
}

const DEFAULT_HEAP_MB = 32;
/** The space for new objects: a token's are gone before the next one comes. As a rule V8 takes 16 MB for them. */
const NEW_OBJECTS_MB = 1;

/**
 * glibc gives back at once what is freed in pieces of 64 KB or more, and keeps one pool for all threads: 2 MB less with a
 * model of 49,152 tokens, 13 MB less once a grammar was in use. Other C libraries do not know these names.
 */
const frugalAllocation = {
  MALLOC_ARENA_MAX: "1",
  MALLOC_MMAP_THRESHOLD_: "65536",
  MALLOC_TRIM_THRESHOLD_: "65536",
};

/** A small process: few threads, small stacks and heap, no core dump, and its limits set before it begins. */
export function launchHost(hostFile: string = defaultHostFile(), limits: HostLimits = {}): ChildProcess {
  const { dataBytes, heapMb = DEFAULT_HEAP_MB, group } = limits;
  const flags = [
    "--v8-pool-size=0",
    `--max-semi-space-size=${NEW_OBJECTS_MB}`,
    `--max-old-space-size=${heapMb}`,
    hostFile,
  ];
  // It makes no connection: certificates that are read at start would take 8 MB and a tenth of a second.
  const { NODE_EXTRA_CA_CERTS: _, NODE_OPTIONS: __, ...inherited } = process.env;
  const options = {
    env: { ...inherited, ...frugalAllocation, UV_THREADPOOL_SIZE: "2" },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  } satisfies SpawnOptions;
  if (process.platform === "win32") return spawn(process.execPath, flags, options);
  // A crash must not fill the disk with a copy of the model.
  const steps = ["ulimit -c 0"];
  if (dataBytes !== undefined) steps.push("ulimit -s 1024", `ulimit -d ${Math.floor(dataBytes / 1024)}`);
  // A group that cannot be entered is found out by whoever asks who is in it; the other limits hold without it.
  const enter = group === undefined ? "" : `{ echo $$ > "$NANOAGENT_GROUP"; } 2>/dev/null; unset NANOAGENT_GROUP; `;
  const environment = group === undefined ? options.env : { ...options.env, NANOAGENT_GROUP: group.processesFile };
  return spawn("/bin/sh", ["-c", `${enter}${steps.join(" && ")} && exec "$0" "$@"`, process.execPath, ...flags], {
    ...options,
    env: environment,
  });
}

function defaultHostFile(): string {
  return createRequire(import.meta.url).resolve("@nanoagent/runtime/engine-host");
}
