/** An Agent Skill: its name, and a description of when it is useful. Its instructions are read on demand. */
export interface Skill {
  readonly name: string;
  readonly description: string;
  /** Path of the skill's folder. */
  readonly folder: string;
  /** Further front matter keys, as written. */
  readonly license: string | null;
  readonly compatibility: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  /** Tools that the skill says it needs. Listing a tool does not grant access to it. */
  readonly allowedTools: readonly string[];
  /** Whether the folder has other files than its SKILL.md. */
  readonly hasFiles: boolean;
  /**
   * Reads the instructions, the text after the front matter. Throws {@link InvalidSkillError} when they can no longer
   * be read.
   */
  readBody(): Promise<string>;
  /** Reads a text file by its path within the skill. Throws the same errors, also for a path outside of the skill. */
  readFile(path: string): Promise<string>;
}
