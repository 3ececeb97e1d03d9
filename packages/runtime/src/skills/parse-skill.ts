import { positionAt } from "../config/config-document.js";
import { parseYaml } from "../config/parse-yaml.js";
import { InvalidSkillError } from "./invalid-skill-error.js";

/** What a SKILL.md says. */
export interface SkillText {
  name: string;
  description: string;
  license: string | null;
  compatibility: string | null;
  metadata: Record<string, string>;
  allowedTools: string[];
  body: string;
}

/** The specification's own limits: 64 and 1024 characters for name and description take a few lines. */
const MAX_FRONT_MATTER_BYTES = 16 * 1024;
const MAX_NAME_CHARACTERS = 64;
const MAX_DESCRIPTION_CHARACTERS = 1024;
const MAX_COMPATIBILITY_CHARACTERS = 500;

const namePattern = /^[\p{Ll}\p{Lo}\p{N}]+(?:-[\p{Ll}\p{Lo}\p{N}]+)*$/u;

/** Reads front matter and body of the SKILL.md at `file`. Throws {@link InvalidSkillError} that names the line. */
export async function parseSkill(file: string, text: string, folderName: string): Promise<SkillText> {
  const { yaml, firstLine, body } = split(file, text);
  const document = await parseYaml(yaml);
  const [issue] = document.issues;
  if (issue !== undefined) {
    throw new InvalidSkillError(file, issue.message, { line: firstLine + positionAt(yaml, issue.offset).line - 1 });
  }
  const value = document.value;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new InvalidSkillError(file, "its front matter is no map of keys and values", { line: firstLine });
  }
  const lineOf = (key: string) =>
    firstLine + positionAt(yaml, document.root?.entries?.get(key)?.keyOffset ?? 0).line - 1;
  const read = (key: string, maxCharacters: number): string | null => {
    const found = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
    if (found === undefined || found === null) return null;
    if (typeof found !== "string")
      throw new InvalidSkillError(file, `${key} is a text: put it in quotes`, { line: lineOf(key) });
    const trimmed = found.trim();
    if (trimmed.length > maxCharacters) {
      throw new InvalidSkillError(file, `${key} has at most ${maxCharacters} characters`, { line: lineOf(key) });
    }
    return trimmed === "" ? null : trimmed;
  };
  const require = (key: string, maxCharacters: number): string => {
    const found = read(key, maxCharacters);
    if (found === null) throw new InvalidSkillError(file, `it has no ${key}`, { line: lineOf(key) });
    return found;
  };
  const name = require("name", MAX_NAME_CHARACTERS);
  if (!namePattern.test(name)) {
    throw new InvalidSkillError(file, "a name has lower-case letters, digits, and single hyphens between them", {
      line: lineOf("name"),
    });
  }
  if (name !== folderName) {
    throw new InvalidSkillError(file, `it is named "${name}", but its folder "${folderName}"`, {
      line: lineOf("name"),
      hint: "Give both the same name.",
    });
  }
  return {
    name,
    description: require("description", MAX_DESCRIPTION_CHARACTERS),
    license: read("license", MAX_COMPATIBILITY_CHARACTERS),
    compatibility: read("compatibility", MAX_COMPATIBILITY_CHARACTERS),
    metadata: metadataOf((value as Record<string, unknown>).metadata),
    allowedTools: (read("allowed-tools", MAX_DESCRIPTION_CHARACTERS) ?? "").split(/\s+/u).filter(Boolean),
    body,
  };
}

/** Texts by name; what is neither a text, a number nor a truth value is left out. */
function metadataOf(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return {};
  const entries = Object.entries(value).filter(([, item]) => ["string", "number", "boolean"].includes(typeof item));
  return Object.fromEntries(entries.map(([key, item]) => [key, String(item)]));
}

function split(file: string, text: string): { yaml: string; firstLine: number; body: string } {
  const open = /^\s*---[ \t]*\r?\n/.exec(text.slice(0, MAX_FRONT_MATTER_BYTES));
  if (open === null) throw new InvalidSkillError(file, 'it does not begin with a line of "---"', { line: 1 });
  const rest = text.slice(open[0].length);
  const close = /(?:^|\n)---[ \t]*(?:\r?\n|$)/.exec(rest.slice(0, MAX_FRONT_MATTER_BYTES));
  if (close === null) {
    throw new InvalidSkillError(
      file,
      `no second line of "---" ends its front matter within ${MAX_FRONT_MATTER_BYTES / 1024} KB`,
      { line: 1 },
    );
  }
  return {
    yaml: rest.slice(0, close.index + 1),
    firstLine: open[0].split("\n").length,
    body: rest.slice(close.index + close[0].length).trim(),
  };
}
