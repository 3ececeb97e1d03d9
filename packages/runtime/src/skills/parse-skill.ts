import { cutText } from "@nanoagent/models";
import { positionAt } from "../config/config-document.js";
import { parseYaml } from "../config/parse-yaml.js";
import { wholeText } from "../whole-text.js";
import { InvalidSkillError } from "./invalid-skill-error.js";
import { readLoosely } from "./read-loosely.js";

/** Parts of a SKILL.md. */
export interface SkillText {
  name: string;
  description: string;
  license: string | null;
  compatibility: string | null;
  metadata: Record<string, string>;
  allowedTools: string[];
  body: string;
  /** Whatever is not as the specification wants it, and is used all the same. */
  warnings: InvalidSkillError[];
}

/** Front matter of a hundred times the length that the specification allows; YAML of this size is read in a moment. */
const MAX_FRONT_MATTER_CHARACTERS = 64 * 1024;
/** A longer name is a text that took the name's place. */
const MAX_NAME_CHARACTERS = 200;
/** The specification asks authors for so many. */
const USUAL_NAME_CHARACTERS = 64;
const USUAL_DESCRIPTION_CHARACTERS = 1024;

const usualName = /^[\p{Ll}\p{Lo}\p{N}]+(?:-[\p{Ll}\p{Lo}\p{N}]+)*$/u;

/**
 * Reads front matter and body of the SKILL.md at `file`. The specification's rules are for authors: whatever can be
 * understood is used, with a warning. Throws {@link InvalidSkillError} for a text without a description or a body.
 */
export async function parseSkill(file: string, text: string, folderName: string): Promise<SkillText> {
  const warnings: InvalidSkillError[] = [];
  const { yaml, firstLine, body } = split(text);
  const warn = (reason: string, options: { line?: number; hint?: string } = {}) =>
    warnings.push(new InvalidSkillError(file, reason, { ...options, severity: "warning" }));
  if (yaml === null) warn('it does not begin with front matter between two lines of "---"', { line: 1 });
  else if (yaml.length > MAX_FRONT_MATTER_CHARACTERS) {
    throw new InvalidSkillError(file, `its front matter is longer than ${MAX_FRONT_MATTER_CHARACTERS / 1024} KB`, {
      line: 1,
      hint: "Move what is not its name and description behind the second line of ---.",
    });
  }
  const { values, lineOf, issue } = await readValues(yaml ?? "", firstLine);
  if (issue !== null) {
    const hint = "Put the text in quotes. It was read line by line.";
    warn(`its front matter is not YAML: ${issue.message}`, { line: issue.line, hint });
  }
  const read = (key: string): string | null => inOneText(values.get(key));
  let name = oneLine(read("name") ?? "");
  if (name === "" || name.length > MAX_NAME_CHARACTERS) {
    warn(`it has no name${name === "" ? "" : " that is one"}, and is called "${folderName}" as its folder`, {
      line: lineOf("name"),
    });
    name = folderName;
  } else if (name.length > USUAL_NAME_CHARACTERS) {
    warn(`its name has ${name.length} characters; other programs take ${USUAL_NAME_CHARACTERS}`, {
      line: lineOf("name"),
    });
  } else if (!usualName.test(name)) {
    warn(`its name "${name}" has other characters than small letters, digits and single hyphens`, {
      line: lineOf("name"),
    });
  }
  if (name !== folderName) {
    warn(`it is named "${name}", and its folder "${folderName}"; capabilities may name either`, {
      line: lineOf("name"),
    });
  }
  let description = read("description");
  if (description === null) {
    description = firstParagraph(body);
    if (description === "") {
      throw new InvalidSkillError(file, "it has neither a description nor a text", { line: lineOf("description") });
    }
    warn("it has no description; the beginning of its text is taken", { line: lineOf("description") });
  } else if (description.length > USUAL_DESCRIPTION_CHARACTERS) {
    warn(`its description has ${description.length} characters; a model is shown ${USUAL_DESCRIPTION_CHARACTERS}`, {
      line: lineOf("description"),
    });
  }
  return {
    name,
    description,
    license: read("license"),
    compatibility: read("compatibility"),
    metadata: metadataOf(values.get("metadata")),
    allowedTools: toolsOf(values.get("allowed-tools")),
    body,
    warnings,
  };
}

interface Values {
  values: ReadonlyMap<string, unknown>;
  lineOf(key: string): number;
  /** Why the text is not YAML. */
  issue: { message: string; line: number } | null;
}

async function readValues(yaml: string, firstLine: number): Promise<Values> {
  const document = await parseYaml(yaml);
  const [first] = document.issues;
  const value = document.value ?? {};
  const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
  const values = first === undefined && isMap ? value : readLoosely(yaml);
  const issue =
    first !== undefined
      ? { message: first.message, line: firstLine + positionAt(yaml, first.offset).line - 1 }
      : isMap
        ? null
        : { message: "it is no map of keys and values", line: firstLine };
  // As other programs write them: Name, allowed_tools, allowedTools.
  const named = (key: string) =>
    key
      .trim()
      .replace(/(?<=\p{Ll})(?=\p{Lu})/gu, "-")
      .replace(/[_ ]/g, "-")
      .toLowerCase();
  const lines = yaml.split("\n");
  return {
    values: new Map(
      Object.entries(values)
        .map(([key, item]) => [named(key), item] as const)
        .reverse(),
    ),
    lineOf: (key) =>
      firstLine +
      Math.max(
        0,
        lines.findIndex((line) => named(line.split(":", 1)[0] ?? "") === key),
      ),
    issue,
  };
}

/** Any value as a text; null for one that says nothing. */
function inOneText(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  const text = Array.isArray(value)
    ? value.map((item) => inOneText(item) ?? "").join(", ")
    : typeof value === "object"
      ? JSON.stringify(value)
      : String(value);
  return text.trim() === "" ? null : wholeText(text.trim());
}

function oneLine(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, " ").trim();
}

/** The first words of a body, without its headings where there is more. */
function firstParagraph(body: string): string {
  const paragraphs = body.split(/\n\s*\n/).map((part) => oneLine(part.replace(/^#+ .*$/gmu, "")));
  const found = paragraphs.find((part) => part !== "") ?? oneLine(body.replace(/^#+ /gmu, ""));
  return cutText(found, USUAL_DESCRIPTION_CHARACTERS);
}

/** Texts by name; what is itself a list or a map is in JSON. */
function metadataOf(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return {};
  const entries = Object.entries(value).filter(([, item]) => item !== null && item !== undefined);
  return Object.fromEntries(
    entries.map(([key, item]) => [key, typeof item === "object" ? JSON.stringify(item) : String(item)]),
  );
}

/** Tools from a list or a text, with spaces or commas between: `Bash(git:*), Read`. */
function toolsOf(value: unknown): string[] {
  const texts = Array.isArray(value) ? value.map((item) => inOneText(item) ?? "") : [inOneText(value) ?? ""];
  return texts.flatMap((text) => cutText(text, MAX_FRONT_MATTER_CHARACTERS).match(/(?:\([^()]*\)|[^\s,])+/gu) ?? []);
}

/** Front matter, null where there is none, and body. Lines end as they will. */
function split(text: string): { yaml: string | null; firstLine: number; body: string } {
  const lines = text
    .replace(/^\uFEFF/u, "")
    .replace(/\r\n?/g, "\n")
    .split("\n");
  const start = lines.findIndex((line) => line.trim() !== "");
  if (start < 0 || !/^\uFEFF?-{3,}\s*$/u.test(lines[start] ?? "")) {
    return { yaml: null, firstLine: 1, body: text.trim() };
  }
  const isFence = (line: string) => /^(?:-{3,}|\.{3})\s*$/.test(line);
  let end = lines.findIndex((line, index) => index > start && isFence(line));
  const isClosed = end >= 0;
  if (!isClosed) {
    // The front matter goes on as long as its lines look like it.
    end = lines.findIndex((line, index) => index > start && !/^(?:[\p{L}_"'][^:]{0,70}:(?:\s|$)|[ \t-]|$)/u.test(line));
    if (end < 0) end = lines.length;
  }
  return {
    yaml: `${lines.slice(start + 1, end).join("\n")}\n`,
    firstLine: start + 2,
    body: lines
      .slice(isClosed ? end + 1 : end)
      .join("\n")
      .trim(),
  };
}
