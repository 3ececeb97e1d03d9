import { opendir, realpath, stat } from "node:fs/promises";
import path from "node:path";
import { InvalidSkillError } from "./invalid-skill-error.js";
import { parseSkill } from "./parse-skill.js";
import { isWithin, readTextWithin } from "./read-text-within.js";
import type { Skill } from "./skill.js";

/** A body of 5,000 tokens, as the specification advises, takes a tenth. */
export const MAX_SKILL_BYTES = 256 * 1024;
/** Name and description of each can stand in a prompt; far fewer fit a small model. */
const MAX_SKILLS = 256;
/** A folder with more entries is no folder of skills. */
const MAX_ENTRIES = 4096;

/**
 * Reads the skills of a folder, sorted by name: each folder in it that has a SKILL.md. A skill that cannot be used does
 * not affect the others: its error is in `issues`. Only front matter is kept; bodies are read when they are called for.
 * Reads at most 256 KB a file, and nothing that leads out of the folder.
 *
 * Throws {@link InvalidSkillError} when the folder itself cannot be read, {@link MissingPeerError} when it has skills
 * and `yaml` is not installed.
 */
export async function readSkills(folder: string): Promise<{ skills: Skill[]; issues: InvalidSkillError[] }> {
  const root = await resolveRoot(folder);
  const skills: Skill[] = [];
  const issues: InvalidSkillError[] = [];
  for (const name of await foldersIn(folder, root)) {
    const skillFolder = path.join(root, name);
    const file = path.join(skillFolder, "SKILL.md");
    if (!(await mayBeSkill(root, skillFolder, file, issues))) continue;
    if (skills.length + issues.length >= MAX_SKILLS) {
      issues.push(new InvalidSkillError(folder, `it has more than ${MAX_SKILLS} skills; the rest is left out`));
      break;
    }
    try {
      skills.push(await readSkill(root, name));
    } catch (error) {
      if (!(error instanceof InvalidSkillError)) throw error;
      issues.push(error);
    }
  }
  return { skills, issues };
}

async function readSkill(root: string, folderName: string): Promise<Skill> {
  const folder = path.join(root, folderName);
  const file = path.join(folder, "SKILL.md");
  const parse = async () => parseSkill(file, await readTextWithin(root, file, MAX_SKILL_BYTES), folderName);
  const { body: _, ...skill } = await parse();
  // As it was then: what takes its place later is another folder.
  const realFolder = await realpath(folder);
  return {
    ...skill,
    folder,
    hasFiles: await hasFiles(realFolder),
    readBody: async () => (await parse()).body,
    readFile: async (name) => {
      const wanted = path.resolve(folder, name);
      if (path.isAbsolute(name) || !isWithin(folder, wanted)) {
        throw new InvalidSkillError(
          name.replaceAll("\0", "\\0").slice(0, 200),
          `it does not lie in the skill "${folderName}"`,
          {
            hint: "Name a file by its path within the skill, such as references/valves.md.",
          },
        );
      }
      return readTextWithin(realFolder, wanted, MAX_SKILL_BYTES);
    },
  };
}

async function hasFiles(folder: string): Promise<boolean> {
  for await (const { name } of await opendir(folder)) if (name !== "SKILL.md" && !name.startsWith(".")) return true;
  return false;
}

async function resolveRoot(folder: string): Promise<string> {
  try {
    const root = await realpath(folder);
    if (!(await stat(root)).isDirectory()) throw new InvalidSkillError(folder, "it is no folder");
    return root;
  } catch (cause) {
    if (cause instanceof InvalidSkillError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    const reason = code === "ENOENT" ? "there is no such folder" : message;
    throw new InvalidSkillError(folder, reason, { hint: "Correct skills_dir, or leave it out.", cause });
  }
}

async function foldersIn(folder: string, root: string): Promise<string[]> {
  const names: string[] = [];
  let count = 0;
  for await (const entry of await opendir(root)) {
    if (++count > MAX_ENTRIES) throw new InvalidSkillError(folder, `it has more than ${MAX_ENTRIES} entries`);
    if (!entry.name.startsWith(".") && (entry.isDirectory() || entry.isSymbolicLink())) names.push(entry.name);
  }
  return names.sort();
}

/** Folders without a SKILL.md are none of ours, and so are links to files; a link out of the folder is refused. */
async function mayBeSkill(root: string, folder: string, file: string, issues: InvalidSkillError[]): Promise<boolean> {
  try {
    if (!(await stat(folder)).isDirectory()) return false;
    await stat(file);
    const real = await realpath(folder);
    if (isWithin(root, real)) return true;
    issues.push(
      new InvalidSkillError(folder, "it leads out of the folder of skills", {
        hint: "Copy the skill into the folder; a link to elsewhere is not followed.",
      }),
    );
    return false;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // What is there and cannot be looked at is told when it is read.
    return code !== "ENOENT" && code !== "ENOTDIR";
  }
}
