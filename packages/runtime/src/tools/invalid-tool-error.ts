import { cutText, NanoAgentError } from "@nanoagent/models";

/** Code `invalid-tool`: a tool's definition cannot be used. `tool` is its name. */
export class InvalidToolError extends NanoAgentError {
  override name = "InvalidToolError";
  readonly tool: string;

  constructor(tool: string, reason: string, hint?: string, cause?: unknown) {
    super({
      code: "invalid-tool",
      message: `The tool "${cutText(tool, 100)}" cannot be used: ${reason}.`,
      hint,
      cause,
    });
    this.tool = tool;
  }

  override toJSON() {
    return { ...super.toJSON(), tool: this.tool };
  }
}
