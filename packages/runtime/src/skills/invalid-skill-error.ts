import { NanoAgentError } from "@nanoagent/models";

/** Code `invalid-skill`: a skill, or the folder of them, cannot be used. `file` is the one that is wrong. */
export class InvalidSkillError extends NanoAgentError {
  override name = "InvalidSkillError";
  readonly file: string;

  constructor(file: string, reason: string, options: { line?: number; hint?: string; cause?: unknown } = {}) {
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
  }

  override toJSON() {
    return { ...super.toJSON(), file: this.file };
  }
}
