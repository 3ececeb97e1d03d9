import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { BYTES_PER_MB } from "@nanoagent/models";
import { codeCacheFolder } from "../../files/code-cache.js";
import { codeReservationOf, ownCodeReservation, runsWithoutCompiledCode } from "../../processes/code-reservation.js";
import type { ProcessCgroup } from "../../processes/process-cgroup.js";
import { canLimitProcesses, DIES_FIRST, limitedCommand } from "../../processes/process-limits.js";
import type { HostCommand } from "./find-host.js";
import { LOADS_LIBRARY } from "./host-protocol.js";

/** Limits of a host process. */
export interface HostLimits {
  /**
   * Private memory that the process may reserve, in bytes, in addition to Node's reservation for code (RLIMIT_DATA).
   */
  dataBytes?: number | undefined;
  /** Size of its JavaScript heap, in MB. Default: 32. */
  heapMb?: number | undefined;
  /** Cgroup that the process enters before it runs. */
  group?: ProcessCgroup | undefined;
  /** File of the model that it will open. */
  modelPath?: string | undefined;
}

export interface HostLaunch extends HostLimits {
  /**
   * Runs V8 without compiled code, which needs no reservation and starts within any limit. Default: as in this program.
   */
  withoutCompiledCode?: boolean | undefined;
  /** Memory that the host's Node reserves for compiled code, in bytes. Default: this program's reservation. */
  reservedCodeBytes?: number | undefined;
  /** Whether the host loads llama.cpp's library before it knows which model to open. Default: false. */
  loadsLibrary?: boolean | undefined;
}

const DEFAULT_HEAP_MB = 32;
/** Size of V8's space for new objects. V8 would use 16 MB, but objects for one token are garbage before the next. */
const NEW_OBJECTS_MB = 1;

/** Makes glibc use one memory pool for all threads. Other C libraries ignore this variable. */
const onePool = { MALLOC_ARENA_MAX: "1" };

/**
 * Also makes glibc return freed blocks of 64 KB or more at once. Saves 2 MB with a vocabulary of 49,152 tokens, and 13
 * MB after a grammar was used. The cost: the kernel clears such memory again on reuse.
 */
const frugalAllocation = { ...onePool, MALLOC_MMAP_THRESHOLD_: "65536", MALLOC_TRIM_THRESHOLD_: "65536" };

/**
 * From this file size on, the settings above would make loading a fifth slower (1.5B on x64: 2.2 s instead of 1.85 s)
 * and save 1 % of the memory.
 */
const LARGE_MODEL_BYTES = 384 * BYTES_PER_MB;

/** Memory that a package manager's hooks and their thread reserve, in bytes. */
const HOOKS_BYTES = 64 * BYTES_PER_MB;

/** Stack size of each thread. */
const STACK_BYTES = 2 ** 20;

/**
 * Starts a small process: few threads, small stacks and heap, no core dump, with limits that are set before it runs. On
 * a system without a shell it gets no RLIMIT_DATA and enters its cgroup shortly after its start.
 */
export function launchHost(command: HostCommand, launch: HostLaunch = {}): ChildProcess {
  const { nodeFile } = command;
  const { heapMb = DEFAULT_HEAP_MB, group, withoutCompiledCode = runsWithoutCompiledCode() } = launch;
  const flags = [
    "--v8-pool-size=0",
    `--max-semi-space-size=${NEW_OBJECTS_MB}`,
    `--max-old-space-size=${heapMb}`,
    ...(withoutCompiledCode ? ["--jitless"] : []),
    ...command.flags,
    command.hostFile,
    ...(launch.loadsLibrary ? [LOADS_LIBRARY] : []),
  ];
  // The host makes no network connections. Loading certificates at startup would take 8 MB and 0.1 s.
  const { NODE_EXTRA_CA_CERTS: _, NODE_OPTIONS: __, ...inherited } = process.env;
  const codeFolder = codeCacheFolder();
  const options = {
    env: {
      ...inherited,
      ...(isLarge(launch.modelPath) ? onePool : frugalAllocation),
      ...command.environment,
      ...(codeFolder === null ? {} : { NODE_COMPILE_CACHE: codeFolder }),
      UV_THREADPOOL_SIZE: "2",
    },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    // An app with windows does not have a console that the process could share.
    windowsHide: true,
  } satisfies SpawnOptions;
  if (!canLimitProcesses()) {
    const child = spawn(nodeFile, flags, options);
    if (child.pid !== undefined) {
      if (group !== undefined) writeIfAllowed(group.processesFile, child.pid);
      writeIfAllowed(`/proc/${child.pid}/oom_score_adj`, DIES_FIRST);
    }
    return child;
  }
  const beside = reservedCodeBytes(launch) + (command.flags.length > 0 ? HOOKS_BYTES : 0);
  const dataBytes = launch.dataBytes === undefined ? undefined : launch.dataBytes + beside;
  const stackBytes = dataBytes === undefined ? undefined : STACK_BYTES;
  // When memory runs out, the host dies first: this program can restart a model, but nothing restarts this program.
  const limits = { dataBytes, stackBytes, diesFirst: true, groupFile: group?.processesFile };
  const { file, args, environment } = limitedCommand(nodeFile, flags, limits);
  return spawn(file, args, { ...options, env: { ...options.env, ...environment } });
}

/** Returns false for an unreadable file. Opening it reports the error. */
function isLarge(modelPath: string | undefined): boolean {
  try {
    return modelPath !== undefined && statSync(modelPath).size >= LARGE_MODEL_BYTES;
  } catch {
    return false;
  }
}

/** Memory that a host's Node reserves for compiled code, in bytes. RLIMIT_DATA must exceed it by the host's share. */
export function reservedCodeBytes(launch: HostLaunch): number {
  return launch.withoutCompiledCode ? 0 : (launch.reservedCodeBytes ?? ownCodeReservation());
}

/**
 * Memory that the Node of a command reserves for compiled code, in bytes: for its main thread and for a hooks thread.
 */
export async function findCodeReservation({ nodeFile, flags }: HostCommand): Promise<number> {
  const place = { folder: path.dirname(nodeFile), environment: process.env as Record<string, string> };
  const bytes = nodeFile === process.execPath ? ownCodeReservation() : await codeReservationOf(nodeFile, [], place);
  return bytes * (flags.includes("--experimental-loader") ? 2 : 1);
}

/** Errors are ignored: a group that could not be entered does not list the process. */
function writeIfAllowed(file: string, value: number): void {
  try {
    writeFileSync(file, String(value));
  } catch {}
}
