import { explainImport } from "../../missing-peer-error.js";

export type Optimizer = typeof import("@nanoagent/optimizer");
export type Profiler = typeof import("@nanoagent/profiler");

/** Imports the two packages that a local model needs. */
export async function importModelPeers(): Promise<{ optimizer: Optimizer; profiler: Profiler }> {
  return { optimizer: await importOptimizer(), profiler: await importProfiler() };
}

const PURPOSE = "Running a local model";

/** Imports the planner package. */
export async function importOptimizer(): Promise<Optimizer> {
  try {
    return await import("@nanoagent/optimizer");
  } catch (cause) {
    throw explainImport("@nanoagent/optimizer", PURPOSE, cause);
  }
}

/** Imports the device probe package. */
export async function importProfiler(): Promise<Profiler> {
  try {
    return await import("@nanoagent/profiler");
  } catch (cause) {
    throw explainImport("@nanoagent/profiler", PURPOSE, cause);
  }
}
