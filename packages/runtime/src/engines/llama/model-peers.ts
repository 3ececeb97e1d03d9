import { importPeer } from "../../missing-peer-error.js";

export type Optimizer = typeof import("@nanoagent/optimizer");
export type Profiler = typeof import("@nanoagent/profiler");

/** Imports the two packages that a local model needs. */
export async function importModelPeers(): Promise<{ optimizer: Optimizer; profiler: Profiler }> {
  const purpose = "Running a local model";
  return {
    optimizer: await importPeer("@nanoagent/optimizer", purpose, () => import("@nanoagent/optimizer")),
    profiler: await importPeer("@nanoagent/profiler", purpose, () => import("@nanoagent/profiler")),
  };
}
