import { NanoAgentError } from "@nanoagent/models";

/** Runs a task that ends when `stop` does, and reports that as an error of the program: `Interrupted before …`. */
export async function unlessStopped<Result>(
  stop: AbortSignal,
  before: string,
  run: () => Promise<Result>,
): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    if (!stop.aborted || NanoAgentError.isInstance(error)) throw error;
    throw new NanoAgentError({
      code: "aborted",
      message: `Interrupted before ${before}.`,
      hint: "Run the same command again.",
      cause: error,
    });
  }
}
