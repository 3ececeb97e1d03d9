import { opendir, realpath, stat } from "node:fs/promises";
import path from "node:path";
import { cutText } from "@nanoagent/models";
import { InvalidSkillError } from "./invalid-skill-error.js";
import { parseSkill } from "./parse-skill.js";
import { isWithin, readTextWithin } from "./read-text-within.js";
import type { Skill } from "./skill.js";

/** Ten times the size of a 5,000-token body, the most that the specification advises. */
export const MAX_SKILL_BYTES = 256 * 1024;
/**
 * Most skills of a folder. All names and descriptions may appear in a prompt, and far fewer fit a small model. Wanted
 * skills come first.
 */
const MAX_SKILLS = 256;
/** Most entries that a skills folder may have, including its collections. */
const MAX_ENTRIES = 16_384;
/** Deepest level that is searched: collections within collections within a repository, as people publish them. */
const MAX_DEPTH = 4;

/** The skills of a folder by name, and the issues found in it. */
export interface SkillsOfFolder {
  skills: Skill[];
  issues: InvalidSkillError[];
  /** @deprecated Old name of `issues`. */
  faults: InvalidSkillError[];
}

/**
 * Reads the skills of a folder, sorted by name: the folder itself, and each folder in it or in a collection below it
 * that has a SKILL.md. An unusable skill does not affect the others: its error is in `issues`, together with warnings
 * about usable skills. Only front matter is kept; bodies are read on demand. Reads at most 256 KB per file, and nothing
 * outside of the folder. With more than 256 skills, those in `wanted` (names or folders) are kept.
 *
 * Throws {@link InvalidSkillError} when the folder itself cannot be read, and {@link MissingPeerError} when it has
 * skills and `yaml` is not installed.
 */
export async function readSkills(
  folder: string,
  { wanted = [] }: { wanted?: readonly string[] | undefined } = {},
): Promise<SkillsOfFolder> {
  const root = await resolveRoot(folder);
  const skills = new Map<string, Skill>();
  const issues: InvalidSkillError[] = [];
  const isWanted = (names: readonly string[]) => names.some((name) => wanted.includes(name));
  const files = await skillFilesIn(folder, root, issues);
  files.sort((one, other) => Number(isWanted([nameOf(other)])) - Number(isWanted([nameOf(one)])));
  let leftOut = 0;
  for (const file of files) {
    const isFull = skills.size >= MAX_SKILLS;
    // A skill's name is only known after reading it.
    if (isFull && wanted.every((name) => has(skills.values(), name))) {
      leftOut += 1;
      continue;
    }
    try {
      const { skill, warnings } = await readSkill(root, file);
      const name = freeName(skill, skills, issues, file);
      if (name === null) continue;
      if (isFull && !isWanted([name, nameOf(file)])) leftOut += 1;
      else {
        skills.set(name, name === skill.name ? skill : { ...skill, name });
        issues.push(...warnings);
      }
    } catch (error) {
      if (!(error instanceof InvalidSkillError)) throw error;
      issues.push(error);
    }
  }
  if (leftOut > 0) {
    const reason = `it has more than ${MAX_SKILLS} skills; ${leftOut} that no capability names were skipped`;
    issues.push(new InvalidSkillError(folder, reason, { hint: "Name a skill in spec.capabilities to use it." }));
  }
  const sorted = [...skills.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
  return { skills: sorted, issues, faults: issues };
}

function has(skills: Iterable<Skill>, wanted: string): boolean {
  for (const { name, folder } of skills) if (name === wanted || path.basename(folder) === wanted) return true;
  return false;
}

function nameOf(file: string): string {
  return path.basename(path.dirname(file));
}

/** Returns a free name for a skill: its own name, or its folder's, or null where both are taken. */
function freeName(
  { name }: Skill,
  skills: ReadonlyMap<string, Skill>,
  issues: InvalidSkillError[],
  file: string,
): string | null {
  const other = skills.get(name);
  if (other === undefined) return name;
  const folderName = nameOf(file);
  const isFree = !skills.has(folderName);
  const reason = `its name "${name}" is already used in ${other.folder}`;
  issues.push(
    isFree
      ? new InvalidSkillError(file, `${reason}, so it is called "${folderName}"`, { severity: "warning" })
      : new InvalidSkillError(file, reason, { hint: "Rename one of them." }),
  );
  return isFree ? folderName : null;
}

async function readSkill(root: string, file: string): Promise<{ skill: Skill; warnings: InvalidSkillError[] }> {
  const folder = path.dirname(file);
  const folderName = path.basename(folder);
  const parse = async () => parseSkill(file, await readTextWithin(root, file, MAX_SKILL_BYTES), folderName);
  const { body: _, warnings, ...skill } = await parse();
  // Resolved now, so that a link that later replaces the folder is not followed.
  const realFolder = await realpath(folder);
  const whole: Skill = {
    ...skill,
    folder,
    hasFiles: await hasFiles(realFolder, path.basename(file)),
    readBody: async () => (await parse()).body,
    readFile: async (name) => {
      const wanted = path.resolve(folder, name);
      if (path.isAbsolute(name) || !isWithin(folder, wanted)) {
        throw new InvalidSkillError(
          cutText(name.replaceAll("\0", "\\0"), 200),
          `it does not lie in the skill "${folderName}"`,
          {
            hint: "Name a file by its path within the skill, such as references/valves.md.",
          },
        );
      }
      return readTextWithin(realFolder, wanted, MAX_SKILL_BYTES);
    },
  };
  return { skill: whole, warnings };
}

async function hasFiles(folder: string, skillFile: string): Promise<boolean> {
  for await (const { name } of await opendir(folder)) if (name !== skillFile && !name.startsWith(".")) return true;
  return false;
}

async function resolveRoot(folder: string): Promise<string> {
  try {
    const root = await realpath(folder);
    if (!(await stat(root)).isDirectory()) throw new InvalidSkillError(folder, "it is not a folder");
    return root;
  } catch (cause) {
    if (cause instanceof InvalidSkillError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    const reason = code === "ENOENT" ? "there is no such folder" : message;
    throw new InvalidSkillError(folder, reason, { hint: "Correct or remove skills_dir.", cause });
  }
}

/**
 * Finds the SKILL.md files below a folder, in any letter case, sorted by path. Folders inside a skill are not searched.
 * Links to files are not followed; a link out of the folder is an issue.
 */
async function skillFilesIn(folder: string, root: string, issues: InvalidSkillError[]): Promise<string[]> {
  const files: string[] = [];
  let count = 0;
  const searched = new Set<string>();
  await search(root, 0);
  if (count > MAX_ENTRIES) {
    const hint = "Point skills_dir to the folder that directly contains the skills.";
    issues.push(new InvalidSkillError(folder, `only its first ${MAX_ENTRIES} entries were searched`, { hint }));
  }
  return files;

  async function search(at: string, depth: number): Promise<void> {
    const folders: string[] = [];
    const found: string[] = [];
    for await (const entry of await opendir(at)) {
      if (++count > MAX_ENTRIES) break;
      if (entry.name.toLowerCase() === "skill.md") found.push(entry.name);
      else if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
      else if (entry.isDirectory() || entry.isSymbolicLink()) folders.push(entry.name);
    }
    const [name] = found.sort();
    if (name !== undefined) files.push(path.join(at, name));
    if ((name !== undefined && depth > 0) || depth >= MAX_DEPTH) return;
    for (const below of folders.sort()) {
      const next = path.join(at, below);
      if (await mayBeSearched(next)) {
        await search(next, depth + 1).catch((cause: unknown) => {
          issues.push(new InvalidSkillError(next, (cause as Error).message, { hint: "Check its permissions.", cause }));
        });
      }
    }
  }

  async function mayBeSearched(at: string): Promise<boolean> {
    try {
      if (!(await stat(at)).isDirectory()) return false;
      const real = await realpath(at);
      // Links to folders that were already searched would loop.
      if (isWithin(root, real) || real === root) {
        const isNew = real !== root && !searched.has(real);
        searched.add(real);
        return isNew;
      }
    } catch {
      // A dangling link.
      return false;
    }
    const hint = "Copy the skill into the folder. Links to other places are not followed.";
    issues.push(new InvalidSkillError(at, "it links outside the skills folder", { hint }));
    return false;
  }
}
