import { spawn } from "node:child_process";

const STARTING_MILLISECONDS = 300;

/**
 * Other work on the machine while something runs: processes that each keep a core busy.
 *
 * @template Result
 * @param {number} count
 * @param {() => Promise<Result>} work
 * @returns {Promise<Result>}
 */
export async function besideNeighbors(count, work) {
  const neighbors = Array.from({ length: count }, () =>
    spawn(process.execPath, ["-e", "for (;;);"], { stdio: "ignore", detached: false }),
  );
  const end = () => {
    for (const neighbor of neighbors) neighbor.kill("SIGKILL");
  };
  process.once("exit", end);
  try {
    if (count > 0) await new Promise((resolve) => setTimeout(resolve, STARTING_MILLISECONDS));
    return await work();
  } finally {
    end();
    process.off("exit", end);
  }
}
