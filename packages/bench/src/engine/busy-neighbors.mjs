import { spawn } from "node:child_process";

const STARTING_MILLISECONDS = 300;

/**
 * Runs something while other processes keep cores busy.
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
