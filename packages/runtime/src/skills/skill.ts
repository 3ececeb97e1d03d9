/** An Agent Skill: what it is called and when it helps. Its instructions are read when they are called for. */
export interface Skill {
  readonly name: string;
  readonly description: string;
  /** The folder that it lies in. */
  readonly folder: string;
  /** Further keys of its front matter, as they are written there. */
  readonly license: string | null;
  readonly compatibility: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  /** Tools that it says it needs; it is given none by saying so. */
  readonly allowedTools: readonly string[];
  /** Whether its folder has more than its SKILL.md. */
  readonly hasFiles: boolean;
  /** Its instructions: the text behind the front matter. Throws {@link InvalidSkillError} when it can no longer be read. */
  readBody(): Promise<string>;
  /** A text file of the skill, by its path within the folder. The same errors, and for a path that leads out of it. */
  readFile(path: string): Promise<string>;
}
