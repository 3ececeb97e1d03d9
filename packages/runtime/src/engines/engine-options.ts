import type { FitPlanner, MemoryProbe } from "@nanoagent/models";
import type { ToolMemory } from "../memory/tool-memory.js";

/** Options for opening an engine that a config file cannot express: replacements for default parts, and callbacks. */
export interface EngineOptions {
  /** Plans how a model fits. Default: the planner of `@nanoagent/optimizer`. */
  planner?: FitPlanner | undefined;
  /** Reads how much memory the device has. Default: the probe of `@nanoagent/profiler`. */
  memory?: MemoryProbe | undefined;
  /**
   * Program that an engine's process runs, as a path or a `file:` URL. Default: `host-program.mjs`, `.js` or `.cjs` beside
   * this program's file, else the one of the installed package. A bundle needs its own.
   */
  hostFile?: string | URL | undefined;
  /** Node that runs it, as a path, where this program is not run by Node itself. Default: what runs this program. */
  nodeFile?: string | undefined;
  /**
   * Whether this program is the agent's alone, as the CLI is. All of its memory then counts against the budget, and not
   * only its growth since the agent was loaded. Default: false.
   */
  ownsProgram?: boolean | undefined;
  /** Called with the share of the model that is loaded, 0 to 1. A callback that fails is not called again. */
  onLoadProgress?: ((share: number) => void) | undefined;
}

/** Options for opening an engine, with the figures that the runtime adds. */
export interface OpenEngineOptions extends EngineOptions {
  /** Resident memory of this program when the agent was loaded, in bytes. Default: what it has now. */
  baseBytes?: number | undefined;
  /** Context that requests of the agent need before anybody says much, in tokens. Default: 0. */
  neededTokens?: number | undefined;
  /** Whether the program brought tools of its own. Default: false. */
  hasProgramTools?: boolean | undefined;
  /** The memory of the agent's tools. Default: it has none. */
  toolMemory?: ToolMemory | undefined;
}
