import type { EvalResult, ScenarioResult } from "./eval-result.js";

/** Characters that XML 1.0 does not allow, even escaped. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for
const NOT_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu;

/** Returns results as JUnit XML: one suite per engine and file, one test case per scenario run. */
export function toJUnit(evals: readonly EvalResult[]): string {
  const suites = evals.flatMap(({ name, results }) => {
    const files = [...new Set(results.map(({ file }) => file))];
    return files.map((file) =>
      toSuite(
        `${name}: ${file}`,
        results.filter((result) => result.file === file),
      ),
    );
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites.join("")}</testsuites>\n`;
}

function toSuite(name: string, results: readonly ScenarioResult[]): string {
  const failures = results.filter(({ verdict }) => verdict !== "right").length;
  const seconds = secondsOf(results);
  const cases = results.map((result) => toCase(name, result)).join("");
  return `  <testsuite name="${escaped(name)}" tests="${results.length}" failures="${failures}" errors="0" skipped="0" time="${seconds}">\n${cases}  </testsuite>\n`;
}

function toCase(suite: string, result: ScenarioResult): string {
  const { id, run, verdict, turns } = result;
  const name = escaped(run === 1 ? id : `${id} (run ${run})`);
  const begin = `    <testcase classname="${escaped(suite)}" name="${name}" time="${secondsOf([result])}"`;
  const failed = turns.find((turn) => turn.verdict !== "right");
  if (failed === undefined) return `${begin}/>\n`;
  const said = turns.map((turn) => `> ${turn.say}\n${turn.reply}`).join("\n");
  return `${begin}>\n      <failure type="${verdict}" message="${escaped(failed.why ?? verdict)}">${escaped(said)}</failure>\n    </testcase>\n`;
}

function secondsOf(results: readonly ScenarioResult[]): string {
  const turns = results.flatMap((result) => result.turns);
  return (turns.reduce((sum, { milliseconds }) => sum + (milliseconds ?? 0), 0) / 1000).toFixed(3);
}

function escaped(text: string): string {
  return text
    .replace(NOT_XML, "\uFFFD")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
