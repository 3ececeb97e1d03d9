import type { ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { BYTES_PER_MB } from "@nanoagent/models";
import { codeReservationOf, type DataLimit, dataLimitFor } from "../processes/code-reservation.js";
import { endProcess } from "../processes/end-process.js";
import { forgetGroup, killAtExit } from "../processes/kill-at-exit.js";
import { launchProgram, type ProgramPlace } from "../processes/launch-program.js";
import {
  countDeadChildren,
  type Family,
  type OwnMemory,
  ProcessFamilies,
  readOpenMemoryFiles,
  readOwnMemory,
  readOwnShare,
  readSharedMemory,
} from "../processes/process-family.js";
import { EngineCgroup, type OwnCgroups } from "./engine-cgroup.js";
import type { ToolEnforcement } from "./memory-report.js";
import { megabytes } from "./over-budget.js";
import { modelBudget } from "./program-share.js";

/** Time between two checks if the kernel enforces the limit or nothing happens, and the shortest time otherwise. */
const LOOK_MILLISECONDS = 100;
const MIN_LOOK_MILLISECONDS = 10;
/**
 * Memory that a program can fill in a millisecond. Without a cgroup, the next check comes before the rest could be
 * full.
 */
const FILLED_BYTES_PER_MILLISECOND = 4 * BYTES_PER_MB;
/** Time after a start or a call in which a program is checked more often. */
const BUSY_MILLISECONDS = 2000;
/** Smallest limit for tools, if the budget has it. */
const MIN_TOOL_BYTES = 8 * BYTES_PER_MB;
/** Differences below this size are ignored, because kernel counters lag. */
const SLACK_BYTES = BYTES_PER_MB;
/** Allowance for memory that is reserved but never touched, such as thread stacks. RLIMIT_DATA counts it. */
const RESERVED_BYTES = 32 * BYTES_PER_MB;
/** Growth of total shared memory that triggers a search for in-memory files of tools. */
const SHARED_GROWTH_BYTES = 4 * BYTES_PER_MB;

/** Number of dead children worth a notice. A single one may just have ended. */
const FEWEST_DEAD_CHILDREN = 2;

export interface ToolMemoryOptions {
  /** The agent's total budget, in bytes. */
  limitBytes: number;
  /** Whether this program runs only this agent. Then all of its memory counts, not just its growth. */
  ownsProgram: boolean;
  /** Resident memory of this program when the agent was loaded, in bytes. */
  baseBytes: number;
  /** The cgroups of this process, or null if there are none or none may be created. */
  cgroups: OwnCgroups | null;
}

/** The program of a tool or an MCP server. */
interface ProgramLaunch {
  /** Path of the program. */
  file: string;
  rest: readonly string[];
  place: ProgramPlace;
  stdin: "ignore" | "pipe";
  /** Memory limit of the program with all of its processes, in bytes. Default: what the budget leaves. */
  maxMemoryBytes?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** A running program within the budget. */
export interface LaunchedProgram {
  readonly child: ChildProcess;
  /** The limit on each of its processes, or null without `maxMemoryBytes`. */
  readonly limit: DataLimit | null;
  /** Description of its limit: `the 88 MB that spec.max_memory_mb (128 MB) leaves for tools`. */
  readonly allowance: string;
  /** Why it was ended for its memory, or null. */
  readonly excess: string | null;
  /** Announces work, so that its memory may grow soon. */
  expectWork(): void;
}

/** Starts programs of tools. */
export type LaunchTool = (launch: ProgramLaunch) => Promise<LaunchedProgram>;

/** Starts a program without a budget, for tools without an agent. */
export const launchFreely: LaunchTool = async ({ file, rest, place, stdin, maxMemoryBytes, signal }) => {
  const limit = await dataLimitFor(maxMemoryBytes, file, rest, place);
  signal?.throwIfAborted();
  const child = launchProgram(file, rest, place, { dataBytes: limit?.dataBytes, stdin });
  return { child, limit, allowance: "its max_memory_mb", excess: null, expectWork: () => {} };
};

let launched = 0;

/** One program and all of its descendants, until the last of them has ended. */
class ToolProgram implements LaunchedProgram, Family {
  readonly members = new Set<number>();
  readonly mark: string;
  readonly maxMemoryBytes: number | undefined;
  child!: ChildProcess;
  root = 0;
  limit: DataLimit | null = null;
  allowance = "";
  group: EngineCgroup | null = null;
  busyUntil = Number.POSITIVE_INFINITY;
  usedBytes = 0;
  #excess: string | null = null;

  constructor(mark: string, { maxMemoryBytes }: ProgramLaunch) {
    this.mark = mark;
    this.maxMemoryBytes = maxMemoryBytes;
  }

  get excess(): string | null {
    // The kernel may have killed it since the last check.
    if (this.#excess === null && this.group?.killedForMemory()) this.end();
    return this.#excess;
  }

  get processes(): readonly number[] {
    return this.group?.processIds() ?? [...this.members];
  }

  expectWork(): void {
    this.busyUntil = performance.now() + BUSY_MILLISECONDS;
  }

  /** Ends all of its processes. Without `isExcess`, the reason is not its memory. */
  end({ isExcess = true } = {}): void {
    if (isExcess) this.#excess ??= `it needed more memory than ${this.allowance}`;
    endProcess(-this.root);
    this.group?.killAll();
    for (const member of this.members) endProcess(member);
  }
}

/**
 * Limits the processes of tools to the memory that the agent's budget leaves besides the program and its engine.
 *
 * - If this process may create cgroups, the kernel enforces the limit: one cgroup for all tools, with a child for each
 *   program. Shared memory, in-memory files and processes that leave their process group count.
 * - Otherwise each process has a limit on its reserved memory (RLIMIT_DATA), and all descendants of a program are
 *   checked ten times a second, or more often while they work and little is left.
 * - Outside Linux nothing is enforced, and the memory report says so.
 *
 * A program that exceeds its limit is ended with all of its processes. Memory that tools use within their limit stays
 * theirs when the engine grows later. The engine then gives up memory.
 */
export class ToolMemory {
  readonly #options: ToolMemoryOptions;
  readonly #programs = new Set<ToolProgram>();
  readonly #families = new ProcessFamilies();
  readonly #sharedBytes = readSharedMemory();
  #group: Promise<EngineCgroup | null> | null = null;
  #parent: EngineCgroup | null = null;
  #engineProcess: number | null = null;
  #grantedBytes = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #nextLook = Number.POSITIVE_INFINITY;

  constructor(options: ToolMemoryOptions) {
    this.#options = options;
  }

  /** How the limit of the tools is enforced. */
  get enforcement(): ToolEnforcement {
    if (this.#parent !== null) return this.#parent.version === 2 ? "cgroup-v2" : "cgroup-v1";
    return canWatch() ? "watch" : "none";
  }

  /** All processes that tools started. */
  get processes(): readonly number[] {
    return [...this.#programs].flatMap(({ processes }) => processes);
  }

  /** Memory that tools use within their limit, in bytes. A growing engine does not take it from them. */
  get grantedBytes(): number {
    return this.#programs.size === 0 ? 0 : this.#grantedBytes;
  }

  /** Current limit of the tools, in bytes. */
  get limitBytes(): number {
    const { limitBytes, ownsProgram, baseBytes } = this.#options;
    const own = readOwnMemory(process.pid);
    const isEngineInside = this.#engineProcess === process.pid;
    const ownBytes = own.anonymous + own.shared + (isEngineInside ? own.mapped : 0);
    const usedBytes = ownsProgram ? ownBytes : Math.max(0, sumOf(own) - baseBytes);
    const engineBytes = this.#engineProcess === null || isEngineInside ? 0 : sumOf(readOwnMemory(this.#engineProcess));
    const limits = { limitBytes, ownsProgram, spareBytes: Number.POSITIVE_INFINITY, usedBytes };
    const planned = modelBudget(limits).budgetBytes;
    const leastBytes = Math.min(MIN_TOOL_BYTES, limitBytes - usedBytes - engineBytes);
    return Math.max(planned - engineBytes, leastBytes, this.grantedBytes, SLACK_BYTES);
  }

  /**
   * Problems that people can fix, one sentence per item. The first process of a container inherits orphans of tools,
   * but Node only reaps its own children.
   */
  get notices(): readonly string[] {
    const dead = process.pid === 1 ? countDeadChildren(1) : 0;
    if (dead < FEWEST_DEAD_CHILDREN) return [];
    return [
      `${dead} ended processes of tools are not reaped, because nanoagent is the first process of this container. ` +
        "Start the container with an init program: docker run --init, or tini.",
    ];
  }

  /** Sets the engine's process, whose memory is not available to tools, or null after it has ended. */
  watchEngine(processId: number | null): void {
    this.#engineProcess = processId;
  }

  /** Starts a program within the remaining memory. Rejects if the program does not exist. */
  readonly launch: LaunchTool = async (launch) => {
    const { file, rest, place, stdin, maxMemoryBytes } = launch;
    this.#group ??= this.#makeGroup();
    this.#parent = await this.#group;
    const limit = await dataLimitFor(maxMemoryBytes, file, rest, place);
    const reservedCodeBytes = limit?.reservedCodeBytes ?? (await codeReservationOf(file, rest, place));
    launch.signal?.throwIfAborted();
    const mark = `NANOAGENT_PROGRAM=${process.pid}-${++launched}`;
    const program = new ToolProgram(mark, launch);
    const leftBytes = this.limitBytes;
    const mostBytes = Math.min(leftBytes, maxMemoryBytes ?? leftBytes);
    program.limit = limit;
    program.allowance = this.#describeAllowance(leftBytes, maxMemoryBytes);
    program.group = this.#parent?.createBelow(String(launched), maxMemoryBytes ?? this.#options.limitBytes) ?? null;
    const { group } = program;
    const environment = { ...place.environment };
    let dataBytes = limit?.dataBytes;
    if (group === null && canWatch()) {
      environment.NANOAGENT_PROGRAM = mark.slice(mark.indexOf("=") + 1);
      dataBytes = Math.min(mostBytes + RESERVED_BYTES + reservedCodeBytes, dataBytes ?? Number.POSITIVE_INFINITY);
    }
    // Java sizes its memory by the machine, and would not start within a limit.
    if (dataBytes !== undefined) environment.JAVA_TOOL_OPTIONS ??= `-XX:MaxRAM=${Math.floor(mostBytes)}`;
    const child = launchProgram(
      file,
      rest,
      { ...place, environment },
      { dataBytes, groupFile: group?.processesFile, stdin },
    );
    program.child = child;
    if (child.pid === undefined) {
      void group?.remove();
      return program;
    }
    program.root = child.pid;
    program.members.add(child.pid);
    if (stdin === "pipe") program.expectWork();
    if (group !== null) killAtExit(group.processesFile);
    this.#programs.add(program);
    child.once("exit", () => {
      // Reading `excess` records the cause of its end.
      void program.excess;
      if (program.group === null) this.#families.update([...this.#programs]);
      this.#forgetIfOver(program);
    });
    this.#scheduleLook(MIN_LOOK_MILLISECONDS);
    return {
      child,
      limit,
      allowance: program.allowance,
      get excess() {
        return program.excess;
      },
      expectWork: () => {
        program.expectWork();
        this.#scheduleLook(MIN_LOOK_MILLISECONDS);
      },
    };
  };

  /** Ends processes that tools left running, and removes the cgroups. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#families.update([...this.#programs]);
    const groups = [...this.#programs].map(({ group }) => group);
    for (const program of this.#programs) {
      program.end({ isExcess: false });
      if (program.group !== null) forgetGroup(program.group.processesFile);
    }
    this.#programs.clear();
    await Promise.all(groups.map((group) => group?.remove()));
    await (await this.#group)?.remove();
    this.#group = null;
  }

  async #makeGroup(): Promise<EngineCgroup | null> {
    const group = await EngineCgroup.create(this.#options.cgroups, Math.floor(this.limitBytes));
    await group?.prepareForGroups().catch(() => {});
    return group;
  }

  #describeAllowance(leftBytes: number, maxMemoryBytes: number | undefined): string {
    if (maxMemoryBytes !== undefined && maxMemoryBytes <= leftBytes) {
      return `its max_memory_mb of ${megabytes(maxMemoryBytes)} MB`;
    }
    const left = Math.floor(leftBytes / BYTES_PER_MB);
    return `the ${left} MB that spec.max_memory_mb (${megabytes(this.#options.limitBytes)} MB) leaves for tools`;
  }

  #scheduleLook(milliseconds: number): void {
    const at = performance.now() + milliseconds;
    if (at >= this.#nextLook) return;
    clearTimeout(this.#timer);
    this.#nextLook = at;
    this.#timer = setTimeout(() => {
      this.#nextLook = Number.POSITIVE_INFINITY;
      const next = this.#look();
      if (this.#programs.size > 0) this.#scheduleLook(next);
    }, milliseconds);
    this.#timer.unref();
  }

  /** Measures all programs and ends those above their limit. Returns the time until the next check, in milliseconds. */
  #look(): number {
    const programs = [...this.#programs];
    const isWatching = programs.some(({ group }) => group === null);
    if (isWatching) this.#families.update(programs);
    for (const program of programs) this.#forgetIfOver(program);
    const limitBytes = this.limitBytes;
    const parent = this.#parent;
    if (parent !== null && Math.abs(parent.limitBytes - limitBytes) > SLACK_BYTES)
      parent.limitTo(Math.floor(limitBytes));
    const usedBytes = this.#measure([...this.#programs], limitBytes);
    for (const program of this.#programs) {
      const { maxMemoryBytes = Number.POSITIVE_INFINITY } = program;
      // A program that is being ended may have started something in the meantime.
      if (program.excess !== null || program.usedBytes > maxMemoryBytes + SLACK_BYTES) program.end();
    }
    if (usedBytes > limitBytes + SLACK_BYTES) largestOf(this.#programs)?.end();
    else this.#grantedBytes = Math.min(usedBytes, limitBytes);
    const now = performance.now();
    if (!isWatching || [...this.#programs].every(({ busyUntil }) => busyUntil < now)) return LOOK_MILLISECONDS;
    const rooms = [...this.#programs].map(
      (program) => (program.maxMemoryBytes ?? Number.POSITIVE_INFINITY) - program.usedBytes,
    );
    const milliseconds = Math.min(limitBytes - usedBytes, ...rooms) / FILLED_BYTES_PER_MILLISECOND;
    return Math.min(LOOK_MILLISECONDS, Math.max(MIN_LOOK_MILLISECONDS, milliseconds));
  }

  /** Measures each program. Returns the sum in bytes. The sum is exact near the limit. */
  #measure(programs: readonly ToolProgram[], limitBytes: number): number {
    const hasMemoryFiles = readSharedMemory() - this.#sharedBytes > SHARED_GROWTH_BYTES;
    let sum = 0;
    let largestProcess = 0;
    const inFiles = new Map<ToolProgram, number>();
    for (const program of programs) {
      if (program.group !== null) {
        program.usedBytes = program.group.usedBytes() ?? 0;
      } else {
        const all = program.processes.map(readOwnMemory);
        const mapped = all.reduce((bytes, { shared }) => bytes + shared, 0);
        const files = hasMemoryFiles ? Math.max(0, readOpenMemoryFiles(program.processes) - mapped) : 0;
        inFiles.set(program, files);
        program.usedBytes = files + mapped + all.reduce((bytes, { anonymous }) => bytes + anonymous, 0);
        largestProcess = Math.max(largestProcess, ...all.map(({ anonymous, shared }) => anonymous + shared));
      }
      sum += program.usedBytes;
    }
    const ownLimits = programs.some(({ usedBytes, maxMemoryBytes = usedBytes }) => usedBytes > maxMemoryBytes);
    if (inFiles.size === 0 || (!ownLimits && (sum <= limitBytes || largestProcess > limitBytes))) return sum;
    sum = 0;
    for (const program of programs) {
      const files = inFiles.get(program);
      if (files !== undefined) program.usedBytes = program.processes.reduce((b, id) => b + readOwnShare(id), files);
      sum += program.usedBytes;
    }
    return sum;
  }

  #forgetIfOver(program: ToolProgram): void {
    const { child, group } = program;
    if (child.exitCode === null && child.signalCode === null) return;
    if (group === null) program.members.delete(program.root);
    if (program.processes.length > 0) return;
    this.#programs.delete(program);
    if (group !== null) {
      forgetGroup(group.processesFile);
      void group.remove();
    }
  }
}

function largestOf(programs: Iterable<ToolProgram>): ToolProgram | undefined {
  return [...programs].toSorted((one, other) => other.usedBytes - one.usedBytes)[0];
}

function sumOf({ anonymous, shared, mapped }: OwnMemory): number {
  return anonymous + shared + mapped;
}

function canWatch(): boolean {
  return process.platform === "linux" && existsSync(`/proc/${process.pid}/status`);
}
