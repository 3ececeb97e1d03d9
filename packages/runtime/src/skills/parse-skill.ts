import { cutText } from "@nanoagent/models";
import { positionAt } from "../config/config-document.js";
import { parseYaml } from "../config/parse-yaml.js";
import { wholeText } from "../whole-text.js";
import { InvalidSkillError } from "./invalid-skill-error.js";
import { readLoosely } from "./read-loosely.js";

/** The parsed contents of a SKILL.md. */
export interface SkillText {
  name: string;
  description: string;
  license: string | null;
  compatibility: string | null;
  metadata: Record<string, string>;
  allowedTools: string[];
  body: string;
  /** Deviations from the specification that do not prevent use. */
  warnings: InvalidSkillError[];
}

/** A hundred times the length that the specification allows. YAML of this size still parses quickly. */
const MAX_FRONT_MATTER_CHARACTERS = 64 * 1024;
/** A longer name is probably other text in the wrong place. */
const MAX_NAME_CHARACTERS = 200;
/** Limits of the specification. */
const USUAL_NAME_CHARACTERS = 64;
const USUAL_DESCRIPTION_CHARACTERS = 1024;

const usualName = /^[\p{Ll}\p{Lo}\p{N}]+(?:-[\p{Ll}\p{Lo}\p{N}]+)*$/u;

/**
 * Parses the SKILL.md at `file`. The specification's rules are for authors: everything that can be understood is used,
 * with a warning. Throws {@link InvalidSkillError} where there is neither a description nor a body.
 */
export async function parseSkill(file: string, text: string, folderName: string): Promise<SkillText> {
  const warnings: InvalidSkillError[] = [];
  const { yaml, firstLine, body } = split(text);
  const warn = (reason: string, options: { line?: number; hint?: string } = {}) =>
    warnings.push(new InvalidSkillError(file, reason, { ...options, severity: "warning" }));
  if (yaml === null) warn('it has no front matter between two "---" lines', { line: 1 });
  else if (yaml.length > MAX_FRONT_MATTER_CHARACTERS) {
    throw new InvalidSkillError(file, `its front matter is longer than ${MAX_FRONT_MATTER_CHARACTERS / 1024} KB`, {
      line: 1,
      hint: "Move everything except name and description below the second --- line.",
    });
  }
  const { values, lineOf, issue } = await readValues(yaml ?? "", firstLine);
  if (issue !== null) {
    const hint = "Put the value in quotes. The file was read line by line instead.";
    warn(`its front matter is not YAML: ${issue.message}`, { line: issue.line, hint });
  }
  const read = (key: string): string | null => inOneText(values.get(key));
  let name = oneLine(read("name") ?? "");
  if (name === "" || name.length > MAX_NAME_CHARACTERS) {
    warn(`it has no ${name === "" ? "" : "usable "}name, so its folder's name "${folderName}" is used`, {
      line: lineOf("name"),
    });
    name = folderName;
  } else if (name.length > USUAL_NAME_CHARACTERS) {
    warn(`its name has ${name.length} characters; other programs allow ${USUAL_NAME_CHARACTERS}`, {
      line: lineOf("name"),
    });
  } else if (!usualName.test(name)) {
    warn(`its name "${name}" may only have lowercase letters, digits and single hyphens`, {
      line: lineOf("name"),
    });
  }
  if (name !== folderName) {
    warn(`its name is "${name}" but its folder is "${folderName}"; capabilities may use either`, {
      line: lineOf("name"),
    });
  }
  let description = read("description");
  if (description === null) {
    description = firstParagraph(body);
    if (description === "") {
      throw new InvalidSkillError(file, "it has neither a description nor a body", { line: lineOf("description") });
    }
    warn("it has no description, so the beginning of its body is used", { line: lineOf("description") });
  } else if (description.length > USUAL_DESCRIPTION_CHARACTERS) {
    warn(`its description has ${description.length} characters; a model sees ${USUAL_DESCRIPTION_CHARACTERS}`, {
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
  /** Why the front matter is not valid YAML. */
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
        : { message: "it is not a map of keys and values", line: firstLine };
  // Accepts the spellings of other programs: Name, allowed_tools, allowedTools.
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

/** Converts any value to text. Returns null for an empty value. */
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

/** Returns the first paragraph of a body, without headings unless there is nothing else. */
function firstParagraph(body: string): string {
  const paragraphs = body.split(/\n\s*\n/).map((part) => oneLine(part.replace(/^#+ .*$/gmu, "")));
  const found = paragraphs.find((part) => part !== "") ?? oneLine(body.replace(/^#+ /gmu, ""));
  return cutText(found, USUAL_DESCRIPTION_CHARACTERS);
}

/** Metadata values as text; lists and maps become JSON. */
function metadataOf(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return {};
  const entries = Object.entries(value).filter(([, item]) => item !== null && item !== undefined);
  return Object.fromEntries(
    entries.map(([key, item]) => [key, typeof item === "object" ? JSON.stringify(item) : String(item)]),
  );
}

/** Splits a list of tools, or a text with spaces or commas between them: `Bash(git:*), Read`. */
function toolsOf(value: unknown): string[] {
  const texts = Array.isArray(value) ? value.map((item) => inOneText(item) ?? "") : [inOneText(value) ?? ""];
  return texts.flatMap((text) => cutText(text, MAX_FRONT_MATTER_CHARACTERS).match(/(?:\([^()]*\)|[^\s,])+/gu) ?? []);
}

/** Splits a text into front matter (null without one) and body. Accepts any line endings. */
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
    // Without a closing line, the front matter extends to the first line that does not look like part of it.
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
