import { NanoAgentError } from "@nanoagent/models";

/** A tool was ended because it exceeded its memory limit (`tool-out-of-memory`). The agent continues. */
export class ToolMemoryError extends NanoAgentError {
  override name = "ToolMemoryError";

  constructor(reason: string) {
    super({
      code: "tool-out-of-memory",
      message: `${reason}, and was ended`,
      hint: "Have it do less at once; or raise spec.max_memory_mb, and the tool's max_memory_mb if it has one.",
    });
  }
}
