import { fileURLToPath } from "node:url";
import { runInPairs } from "../paired-runs.mjs";
import { besideNeighbors } from "./busy-neighbors.mjs";

/** @typedef {import("./reply-child.mjs").Replies} Replies */
/** @typedef {Omit<import("./reply-child.mjs").ReplyWork, "threads">} ReplyTask */

/**
 * Who reads and writes, with how many threads. For nanoagent that is the cores of its device: it chooses for itself.
 *
 * @typedef {{ name: string, program: "bare" | "library" | "llama-server" | "node-llama-cpp", threads: number, batchTokens?: number }} Replier
 */

const CHILD_MILLISECONDS = 900_000;
/** Fewer tokens than these are no measure of how fast a reply is written. */
const LEAST_REPLY_TOKENS = 4;

const child = fileURLToPath(new URL("./reply-child.mjs", import.meta.url));

/**
 * Lets each of them read a long prompt and write a reply, in turn, each time in a process of its own, beside other work.
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
        `${round + 1} of ${pairs}: ${name} beside ${neighbors} busy neighbors: reads ${rate(prefill)}, writes ${rate(decode)}`,
      ),
  });
}

/** @param {Replies} replies @returns {Replies} @throws {RangeError} where there is too little of a reply to measure it */
export function checkedReplies(replies) {
  const { prefill, decode } = replies;
  if (!(prefill.tokens > 0)) throw new RangeError("no token of the prompt was read");
  // A collapse that was cut short is one of its own: a token is enough to tell.
  const wasCut = decode.wall_ms > 1000 * LEAST_REPLY_TOKENS;
  if (!(decode.tokens >= (wasCut ? 1 : LEAST_REPLY_TOKENS)))
    throw new RangeError(`a reply of ${decode.tokens + 1} tokens is too short to measure`);
  return replies;
}

/** @param {import("./model-task.mjs").Work} work */
function rate({ tokens, cpu_ms, wall_ms }) {
  return `${((tokens / cpu_ms) * 1000).toFixed(1)} tokens a CPU second, ${((tokens / wall_ms) * 1000).toFixed(1)} a second`;
}
