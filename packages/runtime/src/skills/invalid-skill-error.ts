import { NanoAgentError } from "@nanoagent/models";

/**
 * Code `invalid-skill`: a skill or the skills folder cannot be used. With severity `warning`, the skill is used
 * although it does not follow the specification. `file` is the affected file or folder.
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
