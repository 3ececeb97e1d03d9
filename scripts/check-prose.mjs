// Refuses sentences that are hard to read: comments that open with "What …", and "is no X" or "are none". Part of `pnpm lint`.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const CHECKED = /\.(ts|mjs|cjs|md|ya?ml|sh)$/;

/** Each pattern with the advice for a line that matches it. */
const rules = [
  {
    pattern: /(?:\/\*\*|\/\/|^\s*\*|^\s*#) (?:What|Whoever|Whom)\b(?!.*\?)/,
    advice: "begin with a noun phrase or a verb, not with a nominal clause",
  },
  {
    // "There is no X" and "is no longer" read well.
    pattern:
      /(?<!\bthere )\b(?:is|are|was|were) no(?:ne)?\b(?! (?:longer|more|less|fewer|different|later|earlier)\b)(?!['"`:;.,?!)]|$)(?! (?:to|for)\b)/i,
    advice: 'write "is not a …" or "has no …"',
  },
  { pattern: /\bthere (?:is|are) none that\b/i, advice: "name the thing that is missing" },
  { pattern: /(?:\/\*\*|^\s*\*) (?:So|That) many\b/, advice: 'write "number of …" or "at most …"' },
];

/** Lines that quote another language or program. */
const QUOTED = /\{%|\{\{|\bNone\b|check-prose: quoted/;

/** Returns the problems of a text as `{line, advice}`; lines are counted from 1. */
export function findProblems(text) {
  return text.split("\n").flatMap((line, index) => {
    if (QUOTED.test(line)) return [];
    return rules.filter(({ pattern }) => pattern.test(line)).map(({ advice }) => ({ line: index + 1, advice }));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: root });
  const own = /check-prose(\.test)?\.(mjs|ts)$|CHANGELOG\.md$/;
  const files = String(listed)
    .split("\n")
    .filter((file) => CHECKED.test(file) && !own.test(file));
  const found = files.flatMap((file) => {
    let text;
    try {
      text = readFileSync(path.join(root, file), "utf8");
    } catch {
      // Deleted, but not committed yet.
      return [];
    }
    return findProblems(text).map(({ line, advice }) => `${file}:${line}: ${advice}`);
  });
  for (const problem of found) console.error(problem);
  console.error(
    found.length === 0 ? `Prose: ${files.length} files read well.` : `Prose: ${found.length} sentences to rewrite.`,
  );
  process.exitCode = found.length === 0 ? 0 : 1;
}
