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
  /** Private memory that it may reserve, in bytes, beside what this Node reserves for code (RLIMIT_DATA). */
  dataBytes?: number | undefined;
  /** Memory of its own JavaScript, in MB. Default: 32. */
  heapMb?: number | undefined;
  /** The cgroup that it enters before it begins. */
  group?: ProcessCgroup | undefined;
  /** File of the model that it is to open. */
  modelPath?: string | undefined;
}

export interface HostLaunch extends HostLimits {
  /** Runs V8 without compiled code, which reserves no memory for it and starts within any limit. Default: as this program runs. */
  withoutCompiledCode?: boolean | undefined;
  /** Memory that its Node reserves for compiled code, in bytes. Default: as much as this program's. */
  reservedCodeBytes?: number | undefined;
  /** Whether it loads llama.cpp's library before it is told what to open. Default: false. */
  loadsLibrary?: boolean | undefined;
}

const DEFAULT_HEAP_MB = 32;
/** The space for new objects: a token's are gone before the next one comes. As a rule V8 takes 16 MB for them. */
const NEW_OBJECTS_MB = 1;

/** glibc keeps one pool of memory for all threads. Other C libraries do not know these names. */
const onePool = { MALLOC_ARENA_MAX: "1" };

/**
 * glibc also gives back at once what is freed in pieces of 64 KB or more: 2 MB less with a model of 49,152 tokens, 13 MB
 * less once a grammar was in use. What is wanted again has to be cleared by the kernel again.
 */
const frugalAllocation = { ...onePool, MALLOC_MMAP_THRESHOLD_: "65536", MALLOC_TRIM_THRESHOLD_: "65536" };

/** From this size on, reading a model's file would take a fifth longer that way (1.5B on x64: 2.2 s for 1.85 s), for 1 % of the memory. */
const LARGE_MODEL_BYTES = 384 * BYTES_PER_MB;

/** Memory that the hooks of a package manager and their thread reserve, in bytes. */
const HOOKS_BYTES = 64 * BYTES_PER_MB;

/** The stack of each of its threads. */
const STACK_BYTES = 2 ** 20;

/**
 * Starts a small process: few threads, small stacks and heap, no core dump, and its limits set before it begins. Where
 * the system has no shell it gets no RLIMIT_DATA, and enters its cgroup a moment after its start.
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
  // It makes no connection: certificates that are read at start would take 8 MB and a tenth of a second.
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
    // An app with windows has no console that a process could share.
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
  // The program can start a model again; nobody could start the program, with its session, again.
  const limits = { dataBytes, stackBytes, diesFirst: true, groupFile: group?.processesFile };
  const { file, args, environment } = limitedCommand(nodeFile, flags, limits);
  return spawn(file, args, { ...options, env: { ...options.env, ...environment } });
}

/** A file that cannot be read is refused when it is opened. */
function isLarge(modelPath: string | undefined): boolean {
  try {
    return modelPath !== undefined && statSync(modelPath).size >= LARGE_MODEL_BYTES;
  } catch {
    return false;
  }
}

/** Memory that the Node of a host reserves for compiled code, in bytes: RLIMIT_DATA must be above it by the host's share. */
export function reservedCodeBytes(launch: HostLaunch): number {
  return launch.withoutCompiledCode ? 0 : (launch.reservedCodeBytes ?? ownCodeReservation());
}

/** Memory that the Node of a command reserves for compiled code, in bytes: in its main thread and, with hooks, in theirs. */
export async function findCodeReservation({ nodeFile, flags }: HostCommand): Promise<number> {
  const place = { folder: path.dirname(nodeFile), environment: process.env as Record<string, string> };
  const bytes = nodeFile === process.execPath ? ownCodeReservation() : await codeReservationOf(nodeFile, [], place);
  return bytes * (flags.includes("--experimental-loader") ? 2 : 1);
}

/** A group that cannot be entered is noticed by whoever reads its list of processes. */
function writeIfAllowed(file: string, value: number): void {
  try {
    writeFileSync(file, String(value));
  } catch {}
}
