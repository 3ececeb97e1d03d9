import { ScenarioFile } from "@nanoagent/models";
import { type ConfigDocument, placeIssue, positionAt } from "../config/config-document.js";
import { parseJson } from "../config/parse-json.js";
import { parseYaml } from "../config/parse-yaml.js";
import { readBoundedText } from "../files/read-bounded-text.js";
import { checkScenarios } from "./check-scenarios.js";
import { InvalidScenariosError } from "./invalid-scenarios-error.js";

/**
 * Twice the size of a thousand scenarios in five languages. A malicious text of this size keeps the parser busy for
 * seconds.
 */
export const MAX_SCENARIOS_BYTES = 1024 * 1024;
/** Most issues that an error lists. */
const MAX_ISSUES = 20;

/**
 * Reads a scenario file: YAML, or JSON when its name ends in `.json`. Reads at most 1 MB. Throws
 * {@link InvalidScenariosError} with every issue and its line and key, and `MissingPeerError` without `yaml`.
 */
export async function readScenarios(file: string): Promise<ScenarioFile> {
  const read = await readBoundedText(file, MAX_SCENARIOS_BYTES);
  if (!("text" in read)) throw InvalidScenariosError.unreadable(file, read.reason, read.hint, read.cause);
  const { text } = read;
  if (text.trim() === "")
    throw InvalidScenariosError.unreadable(file, "it is empty", "docs/eval.md shows a working file.");
  const isJson = /\.json[c5]?$/i.test(file);
  const document = isJson ? parseJson(text) : await parseYaml(text);
  refuse(file, text, document);
  const shape = ScenarioFile.safeParse(document.value);
  const issues = shape.success ? checkScenarios(shape.value) : shape.issues;
  if (shape.success && issues.length === 0) return shape.value;
  throw InvalidScenariosError.withIssues(
    file,
    issues.slice(0, MAX_ISSUES).map((issue) => placeIssue(text, document.root, issue)),
  );
}

function refuse(file: string, text: string, { issues }: ConfigDocument): void {
  if (issues.length === 0) return;
  const placed = issues.slice(0, MAX_ISSUES).map(({ offset, message }) => ({
    ...positionAt(text, offset),
    key: "",
    expected: "",
    found: "",
    nearest: null,
    message,
  }));
  throw InvalidScenariosError.withIssues(file, placed);
}
