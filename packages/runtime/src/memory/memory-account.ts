import type { ProcessShare } from "./memory-report.js";

/** Reads the memory of processes. Values are null if the system does not report them. */
export interface ProcessView {
  memory(processId: number, options?: { proportional: boolean }): Promise<ProcessShare | null>;
  /** Number of waits for a page from storage since the process started. */
  majorFaults(processId: number): Promise<number | null>;
}

/** Memory of an agent by component, in bytes. */
export interface MemoryUse {
  used_bytes: number;
  program_bytes: number;
  /** Program code mapped from files, not part of `used_bytes`. 0 in an embedding program. */
  program_code_bytes: number;
  tools_bytes: number;
}

export interface MemoryAccountOptions {
  processes: ProcessView;
  /** Whether this program runs only this agent. Then all of its memory counts, not just its growth. */
  ownsProgram: boolean;
  /** Resident memory of this program when the agent was loaded, in bytes. */
  baseBytes: number;
  /**
   * Whether a model runs inside this program. Its mapped pages then count, because they are weights. Default: false.
   */
  hasModelInside?: boolean | undefined;
  /** Processes that tools started. Default: none. */
  toolProcesses?: (() => readonly number[]) | undefined;
}

/**
 * The single account of an agent's memory. The guard, the limit of agents without a local model, and the report use it.
 *
 * - The program: its private memory if it runs only this agent, otherwise its growth since the agent was loaded. Code
 *   mapped from files counts only together with an engine process, which maps the same code and whose plan includes it.
 *   For a program alone, the kernel can drop these pages at any time and read them again.
 * - The tools: all processes that they started.
 * - The engine: its process.
 *
 * Shared pages count proportionally (PSS) if the kernel reports it. The growth of an embedding program is resident
 * memory, because its share of common pages changes whenever another program starts or ends.
 */
export class MemoryAccount {
  readonly #options: MemoryAccountOptions;

  constructor(options: MemoryAccountOptions) {
    this.#options = options;
  }

  /** Returns exact figures. The kernel walks all pages for them: 3 to 5 ms per 100 MB. */
  async use(engine: ProcessShare | null): Promise<MemoryUse> {
    const { ownsProgram, hasModelInside = false } = this.#options;
    const own = await this.#read(process.pid, ownsProgram);
    const isCodeAlone = engine === null && !hasModelInside;
    const program_bytes = this.#programBytes(own, isCodeAlone ? privateBytes : proportionalBytes);
    const tools_bytes = await this.#toolsBytes(proportionalBytes);
    return {
      used_bytes: program_bytes + tools_bytes + proportionalBytes(engine),
      program_bytes,
      program_code_bytes: ownsProgram && isCodeAlone ? (own?.file_bytes ?? 0) : 0,
      tools_bytes,
    };
  }

  /**
   * Returns an upper bound of `used_bytes` of {@link use} without a page walk. Code that the program shares with its
   * engine's process, the same Node, counts with the engine.
   */
  async atMost(engineProcess: number | null): Promise<number> {
    const engine = engineProcess === null ? null : await this.#read(engineProcess, false);
    const own = await this.#read(process.pid, false);
    return (
      this.#programBytes(own, this.#options.hasModelInside ? residentBytes : privateBytes) +
      (await this.#toolsBytes(residentBytes)) +
      residentBytes(engine)
    );
  }

  /**
   * Returns the memory of the program and its tools, before an engine's process starts. The plan of a model includes
   * the code that the two share.
   */
  async besideEngine(): Promise<number> {
    const program = this.#programBytes(await this.#read(process.pid, false), privateBytes);
    return program + (await this.#toolsBytes(proportionalBytes));
  }

  #programBytes(own: ProcessShare | null, measure: (memory: ProcessShare | null) => number): number {
    const { ownsProgram, baseBytes } = this.#options;
    return ownsProgram ? measure(own) : Math.max(0, residentBytes(own) - baseBytes);
  }

  async #toolsBytes(measure: (memory: ProcessShare | null) => number): Promise<number> {
    const { toolProcesses = () => [] } = this.#options;
    const isProportional = measure === proportionalBytes;
    const tools = await Promise.all(toolProcesses().map((processId) => this.#read(processId, isProportional)));
    return tools.reduce((sum, memory) => sum + measure(memory), 0);
  }

  #read(processId: number, proportional: boolean): Promise<ProcessShare | null> {
    return this.#options.processes.memory(processId, { proportional });
  }
}

/** Returns the resident memory of a process, in bytes. */
export function residentBytes(memory: ProcessShare | null): number {
  return memory === null ? 0 : memory.anonymous_bytes + memory.file_bytes + memory.shared_bytes;
}

/** Returns the memory of a process that is not mapped from files, in bytes. */
export function privateBytes(memory: ProcessShare | null): number {
  return memory === null ? 0 : memory.anonymous_bytes + memory.shared_bytes;
}

function proportionalBytes(memory: ProcessShare | null): number {
  return memory?.proportional_bytes ?? residentBytes(memory);
}
