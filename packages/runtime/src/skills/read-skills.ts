import { opendir, realpath, stat } from "node:fs/promises";
import path from "node:path";
import { cutText } from "@nanoagent/models";
import { InvalidSkillError } from "./invalid-skill-error.js";
import { parseSkill } from "./parse-skill.js";
import { isWithin, readTextWithin } from "./read-text-within.js";
import type { Skill } from "./skill.js";

/** A body of 5,000 tokens, as the specification advises, takes a tenth. */
export const MAX_SKILL_BYTES = 256 * 1024;
/** Name and description of each can stand in a prompt; far fewer fit a small model. Those that are wanted come first. */
const MAX_SKILLS = 256;
/** A folder with more entries, those of its collections included, is no folder of skills. */
const MAX_ENTRIES = 16_384;
/** A collection in a collection in a repository, as people publish them. */
const MAX_DEPTH = 4;

/** The skills of a folder, by name, and what is wrong with them or with others. */
export interface SkillsOfFolder {
  skills: Skill[];
  issues: InvalidSkillError[];
  /** @deprecated An older name of `issues`. */
  faults: InvalidSkillError[];
}

/**
 * Reads the skills of a folder, sorted by name: itself, and each folder in it, or in a collection in it, that has a
 * SKILL.md. A skill that cannot be used does not affect the others: its error is in `issues`, as are warnings about those
 * that are used. Only front matter is kept; bodies are read when they are called for. Reads at most 256 KB a file, and
 * nothing that leads out of the folder. Of more than 256 skills those in `wanted`, by name or folder, are read in any case.
 *
 * Throws {@link InvalidSkillError} when the folder itself cannot be read, {@link MissingPeerError} when it has skills
 * and `yaml` is not installed.
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
    // Whether a skill is wanted by its name is known when it was read.
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
    const reason = `it has more than ${MAX_SKILLS} skills; ${leftOut} that no capability names are left out`;
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

/** A name that no other skill has: its own, else its folder's; null where that is taken, too. */
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
  const reason = `it is named "${name}" as the one in ${other.folder}`;
  issues.push(
    isFree
      ? new InvalidSkillError(file, `${reason}, and is called "${folderName}" here`, { severity: "warning" })
      : new InvalidSkillError(file, reason, { hint: "Give one of them another name." }),
  );
  return isFree ? folderName : null;
}

async function readSkill(root: string, file: string): Promise<{ skill: Skill; warnings: InvalidSkillError[] }> {
  const folder = path.dirname(file);
  const folderName = path.basename(folder);
  const parse = async () => parseSkill(file, await readTextWithin(root, file, MAX_SKILL_BYTES), folderName);
  const { body: _, warnings, ...skill } = await parse();
  // As it was then: what takes its place later is another folder.
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
    if (!(await stat(root)).isDirectory()) throw new InvalidSkillError(folder, "it is no folder");
    return root;
  } catch (cause) {
    if (cause instanceof InvalidSkillError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    const reason = code === "ENOENT" ? "there is no such folder" : message;
    throw new InvalidSkillError(folder, reason, { hint: "Correct skills_dir, or leave it out.", cause });
  }
}

/**
 * The SKILL.md files below a folder, in whatever letter case, by path. A skill's own folders have no further skills. Links
 * to files are none of ours; a link out of the folder is an issue.
 */
async function skillFilesIn(folder: string, root: string, issues: InvalidSkillError[]): Promise<string[]> {
  const files: string[] = [];
  let count = 0;
  const searched = new Set<string>();
  await search(root, 0);
  if (count > MAX_ENTRIES) {
    const hint = "Name the folder that holds the skills themselves.";
    issues.push(new InvalidSkillError(folder, `only the first ${MAX_ENTRIES} entries of it were looked at`, { hint }));
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
      // Links to where the search has been lead in a circle.
      if (isWithin(root, real) || real === root) {
        const isNew = real !== root && !searched.has(real);
        searched.add(real);
        return isNew;
      }
    } catch {
      // A link that leads nowhere.
      return false;
    }
    const hint = "Copy the skill into the folder; a link to elsewhere is not followed.";
    issues.push(new InvalidSkillError(at, "it leads out of the folder of skills", { hint }));
    return false;
  }
}
