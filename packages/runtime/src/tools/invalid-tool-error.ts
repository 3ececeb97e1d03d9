import { cutText, NanoAgentError } from "@nanoagent/models";

/** Code `invalid-tool`: the definition of a tool is invalid. `tool` is its name. */
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
