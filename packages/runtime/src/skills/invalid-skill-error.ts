import { NanoAgentError } from "@nanoagent/models";

/**
 * Code `invalid-skill`: a skill, or the folder of them, cannot be used, or, with severity `warning`, is used although
 * something in it is not as the specification wants it. `file` is the one that is wrong.
 */
export class InvalidSkillError extends NanoAgentError {
  override name = "InvalidSkillError";
  readonly file: string;
  readonly severity: "error" | "warning";

  constructor(
    file: string,
    reason: string,
    options: { line?: number; hint?: string; cause?: unknown; severity?: "warning" } = {},
  ) {
    const place = options.line === undefined ? file : `${file}:${options.line}`;
    super({
      code: "invalid-skill",
      message: `${place}: ${reason}.`,
      hint:
        options.hint ??
        "A skill is a folder with a SKILL.md that begins with name and description between two lines of ---.",
      cause: options.cause,
    });
    this.file = file;
    this.severity = options.severity ?? "error";
  }

  override toJSON() {
    return { ...super.toJSON(), file: this.file, severity: this.severity };
  }
}
