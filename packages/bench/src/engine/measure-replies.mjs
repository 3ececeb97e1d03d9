import { fileURLToPath } from "node:url";
import { runInPairs } from "../paired-runs.mjs";
import { besideNeighbors } from "./busy-neighbors.mjs";

/** @typedef {import("./reply-child.mjs").Replies} Replies */
/** @typedef {Omit<import("./reply-child.mjs").ReplyWork, "threads">} ReplyTask */

/**
 * Contender, with its number of threads. For nanoagent, the number of cores of its device, from which it chooses.
 *
 * @typedef {{ name: string, program: "bare" | "library" | "llama-server" | "node-llama-cpp", threads: number, batchTokens?: number }} Replier
 */

const CHILD_MILLISECONDS = 900_000;
/** Fewest tokens of a reply that can be timed. */
const LEAST_REPLY_TOKENS = 4;

const child = fileURLToPath(new URL("./reply-child.mjs", import.meta.url));

/**
 * Lets the contenders read a long prompt and write a reply in turn, each time in a new process, with busy neighbors.
 *
 * @param {import("../workbench.mjs").Workbench} workbench
 * @param {readonly Replier[]} repliers
 * @param {ReplyTask} task
 * @param {{ pairs: number, neighbors: number, variables: Record<string, string>, progress: (what: string) => void }} options
 */
export function measureReplies(workbench, repliers, task, { pairs, neighbors, variables, progress }) {
  const runners = repliers.map(({ name, program, ...own }) => ({
    name,
    run: () =>
      besideNeighbors(neighbors, async () => {
        const { stdout } = await workbench.run(
          process.execPath,
          [child, program, JSON.stringify({ ...task, ...own })],
          {
            cwd: workbench.folder,
            timeLimitMilliseconds: CHILD_MILLISECONDS,
            variables,
          },
        );
        return checkedReplies(JSON.parse(stdout));
      }),
  }));
  return runInPairs(runners, {
    pairs,
    onFigures: (name, round, { prefill, decode }) =>
      progress(
        `${round + 1} of ${pairs}: ${name}, ${neighbors} busy neighbors: reads ${rate(prefill)}, writes ${rate(decode)}`,
      ),
  });
}

/** @param {Replies} replies @returns {Replies} @throws {RangeError} if the reply is too short to measure */
export function checkedReplies(replies) {
  const { prefill, decode } = replies;
  if (!(prefill.tokens > 0)) throw new RangeError("no token of the prompt was read");
  // A contender that collapsed and was cut short counts with a single token.
  const wasCut = decode.wall_ms > 1000 * LEAST_REPLY_TOKENS;
  if (!(decode.tokens >= (wasCut ? 1 : LEAST_REPLY_TOKENS)))
    throw new RangeError(`a reply of ${decode.tokens + 1} tokens is too short to measure`);
  return replies;
}

/** @param {import("./model-task.mjs").Work} work */
function rate({ tokens, cpu_ms, wall_ms }) {
  return `${((tokens / cpu_ms) * 1000).toFixed(1)} tokens per CPU second, ${((tokens / wall_ms) * 1000).toFixed(1)} per second`;
}
