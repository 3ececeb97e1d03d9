import {
  type ExpectedCall,
  nearestName,
  type Scenario,
  type ScenarioFile,
  type ScenarioTool,
  type ScenarioTurn,
  type SchemaIssue,
} from "@nanoagent/models";
import { checkValue } from "../json-schema/check-value.js";
import { isPlainObject } from "../json-schema/is-plain-object.js";
import type { SchemaNode } from "../json-schema/schema-node.js";
import { messageOf } from "../message-of.js";
import { adviseOnMatcher, readMatcher, readPattern } from "./argument-matcher.js";
import { fakeTool, readParameters } from "./fake-tools.js";
import { turnsOf } from "./scenario-turns.js";

type Path = (string | number)[];
type Report = (path: Path, message: string, unknown?: { name: string; known: readonly string[] }) => void;

/** Checks the rules that the schema cannot express: known and unique names, values that fit a tool, valid patterns. */
export function checkScenarios({ tools, scenarios }: ScenarioFile): SchemaIssue[] {
  const issues: SchemaIssue[] = [];
  const report: Report = (path, message, unknown) => {
    const nearest = unknown === undefined ? null : nearestName(unknown.name, unknown.known);
    const advice = nearest === null ? "" : `: did you mean "${nearest}"?`;
    const kind = unknown === undefined ? "invalid" : "unknown-key";
    issues.push({ path, kind, expected: "", found: "", nearest, message: `${message}${advice}` });
  };
  reportRepeats(tools, "name", ["tools"], report);
  reportRepeats(scenarios, "id", ["scenarios"], report);
  const nodes = new Map(tools.map((tool, index) => [tool.name, checkTool(tool, ["tools", index], report)]));
  for (const [index, scenario] of scenarios.entries()) {
    const path = ["scenarios", index];
    checkForm(scenario, path, report);
    for (const [at, turn] of turnsOf(scenario).entries()) {
      checkTurn(turn, scenario.turns === undefined ? path : [...path, "turns", at], nodes, report);
    }
  }
  return issues;
}

function reportRepeats<Key extends string>(
  items: readonly Readonly<Record<Key, string>>[],
  key: Key,
  path: Path,
  report: Report,
): void {
  const seen = new Set<string>();
  for (const [index, item] of items.entries()) {
    if (seen.has(item[key])) report([...path, index, key], `${JSON.stringify(item[key])} occurs twice`);
    seen.add(item[key]);
  }
}

/** Returns the tool's schema, or null after reporting one that cannot be read. */
function checkTool(tool: ScenarioTool, path: Path, report: Report): SchemaNode | null {
  if (tool.error !== undefined && tool.result !== undefined)
    report([...path, "error"], "a tool has either a result or an error: remove one of them");
  try {
    fakeTool(tool, () => {});
  } catch (error) {
    report([...path, "name"], messageOf(error));
    return null;
  }
  try {
    const node = readParameters(tool);
    if (node.types?.has("object") !== false) return node;
    report([...path, "parameters"], "must be the schema of an object");
  } catch (error) {
    report([...path, "parameters"], messageOf(error));
  }
  return null;
}

function checkForm({ say, turns, expect, asks, reply }: Scenario, path: Path, report: Report): void {
  if (say === undefined && turns === undefined) report(path, "missing: expected say, or turns for a dialog");
  if (turns === undefined) return;
  for (const [key, value] of Object.entries({ say, expect, asks, reply })) {
    if (value !== undefined) report([...path, key], "belongs to a turn when there are turns: move it there");
  }
}

function checkTurn(
  { expect, asks, reply }: ScenarioTurn,
  path: Path,
  nodes: ReadonlyMap<string, SchemaNode | null>,
  report: Report,
): void {
  if (asks && Array.isArray(expect) && expect.length > 0)
    report([...path, "asks"], "a turn that asks the user cannot expect calls: use expect: none");
  if (reply?.pattern !== undefined && readPattern(reply.pattern) === null)
    report([...path, "reply", "pattern"], "expected a regular expression");
  if (!Array.isArray(expect)) return;
  for (const [index, call] of expect.entries()) {
    const node = nodes.get(call.tool);
    const place = [...path, "expect", index];
    if (node === undefined) {
      report([...place, "tool"], `there is no tool ${JSON.stringify(call.tool)}`, {
        name: call.tool,
        known: [...nodes.keys()],
      });
    } else if (node !== null) checkArguments(call, place, node, report);
  }
}

function checkArguments({ arguments: wanted = {} }: ExpectedCall, path: Path, node: SchemaNode, report: Report): void {
  const known = [...node.properties.keys()];
  for (const [key, expected] of Object.entries(wanted)) {
    const place = [...path, "arguments", key];
    const matcher = readMatcher(expected);
    const property = node.properties.get(key);
    if ("issue" in matcher) report(place, matcher.issue);
    else if (property === undefined) {
      if (!takesOthers(node)) report(place, "the tool has no such argument", { name: key, known });
    } else {
      const values = matcher.kind === "exact" ? [matcher.value] : matcher.kind === "one-of" ? matcher.values : [];
      for (const value of values) {
        const [issue] = checkValue(property, value);
        const advice = isPlainObject(expected) ? adviseOnMatcher(expected) : "";
        if (issue !== undefined) report(place, `no valid call has this value: it ${issue.message}${advice}`);
      }
    }
  }
  const missing = [...node.required].find((key) => !Object.hasOwn(wanted, key));
  if (missing !== undefined) report(path, `the tool requires "${missing}": add it to arguments`);
}

/** Whether arguments other than the visible properties are allowed. */
function takesOthers({ properties, additionalProperties, allOf, anyOf, oneOf, reference }: SchemaNode): boolean {
  if (additionalProperties !== null) return !additionalProperties.refusesAll;
  return properties.size === 0 || allOf.length + anyOf.length + oneOf.length > 0 || reference !== null;
}
