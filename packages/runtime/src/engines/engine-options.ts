import type { FitPlanner, MemoryProbe } from "@nanoagent/models";
import type { ToolMemory } from "../memory/tool-memory.js";

/** Engine options that a config file cannot express: replacements for default parts, and callbacks. */
export interface EngineOptions {
  /** Plans how a model fits. Default: the planner of `@nanoagent/optimizer`. */
  planner?: FitPlanner | undefined;
  /** Reads the memory of the device. Default: the probe of `@nanoagent/profiler`. */
  memory?: MemoryProbe | undefined;
  /**
   * Program to run in the engine's process, as a path or a `file:` URL. Default: `host-program.mjs`, `.js` or `.cjs`
   * beside this program's file, else the one in the installed package. A bundle must ship its own.
   */
  hostFile?: string | URL | undefined;
  /**
   * Path of the Node binary for the engine's process, for programs that Node itself does not run. Default: the binary
   * that runs this program.
   */
  nodeFile?: string | undefined;
  /**
   * Whether the agent owns the whole program, as in the CLI. If so, all of the program's memory counts against the
   * budget; otherwise only its growth since the agent was loaded counts. Default: false.
   */
  ownsProgram?: boolean | undefined;
  /** Called with the loaded share of the model, 0 to 1. A callback that throws is not called again. */
  onLoadProgress?: ((share: number) => void) | undefined;
}

/** Options for opening an engine, with values that the runtime adds. */
export interface OpenEngineOptions extends EngineOptions {
  /** Resident memory of this program when the agent was loaded, in bytes. Default: the current value. */
  baseBytes?: number | undefined;
  /** Context that the agent's requests need before the conversation starts, in tokens. Default: 0. */
  neededTokens?: number | undefined;
  /** Whether the program passed tools. Default: false. */
  hasProgramTools?: boolean | undefined;
  /** Memory account of the agent's tools. Default: none. */
  toolMemory?: ToolMemory | undefined;
}
