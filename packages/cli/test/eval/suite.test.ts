import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { checkValue } from "../../../runtime/src/json-schema/check-value.js";
import { readSchema } from "../../../runtime/src/json-schema/read-schema.js";
import type { SchemaNode } from "../../../runtime/src/json-schema/schema-node.js";
import { repository } from "../run-program.js";

interface Schema {
  readonly [keyword: string]: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}
interface Tool {
  readonly name: string;
  readonly description: string;
  readonly changes_world?: boolean;
  readonly parameters?: Schema;
}
interface ExpectedCall {
  readonly tool: string;
  readonly arguments?: Readonly<Record<string, unknown>>;
}
interface Turn {
  readonly say: string;
  readonly expect: "none" | readonly ExpectedCall[];
  readonly asks?: boolean;
}
interface Scenario extends Partial<Turn> {
  readonly id: string;
  readonly groups: readonly string[];
  readonly language?: string;
  readonly part: string;
  readonly turns?: readonly Turn[];
}
interface Site {
  readonly name: string;
  readonly tools: readonly Tool[];
  readonly scenarios: readonly Scenario[];
}

const folder = path.join(repository, "packages/cli/src/eval/suite");
/** Sites for training weights, and sites that are only used for measuring. */
const trainingSites = ["house", "greenhouse"];
const measuredSites = ["workshop", "kiosk"];
const sites: Site[] = [...trainingSites, ...measuredSites].map((name) =>
  parse(readFileSync(path.join(folder, `${name}.yaml`), "utf8")),
);
const scenarios = sites.flatMap((site) => site.scenarios);

/** Main groups. A scenario counts in the first one that it has. */
const mainGroups = ["dialogue", "several", "no-words", "ask", "knowledge", "talk", "none", "free-text", "call"];
const groups = new Set([...mainGroups, "numbers"]);
const languages = ["en", "de", "fr", "es", "it"];

function turnsOf(scenario: Scenario): readonly Turn[] {
  return scenario.turns ?? [scenario as Turn];
}

function callsOf(turn: Turn): readonly ExpectedCall[] {
  return turn.expect === "none" ? [] : turn.expect;
}

function languageOf(scenario: Scenario): string {
  return scenario.language ?? "en";
}

function mainGroupOf(scenario: Scenario): string {
  return mainGroups.find((group) => scenario.groups.includes(group)) ?? "";
}

/** Returns whether no turn needs a tool or asks for a missing argument. */
function needsNoTool(scenario: Scenario): boolean {
  return turnsOf(scenario).every((turn) => callsOf(turn).length === 0 && turn.asks !== true);
}

function share(part: readonly unknown[], whole: readonly unknown[]): number {
  return part.length / whole.length;
}

/** Returns sample values of an expectation. The tool must accept each of them. */
function samplesOf(expected: unknown): unknown[] {
  if (typeof expected !== "object" || expected === null) return [expected];
  const { one_of: oneOf, from, to } = expected as { one_of?: unknown[]; from?: number; to?: number };
  if (oneOf !== undefined) return oneOf;
  return from === undefined ? [] : [from, to];
}

/** Words that occur in any sentence, whatever its subject. */
const fillers = new Set("and are for how its off that the this to what when where which who with".split(" "));

/** Returns the words that describe a text's subject. */
function wordsOf(text: string): string[] {
  return (text.toLowerCase().match(/\p{L}{3,}/gu) ?? []).filter((word) => !fillers.has(word));
}

function problemsOfCall(site: Site, call: ExpectedCall): string[] {
  const tool = site.tools.find(({ name }) => name === call.tool);
  if (tool === undefined) return [`no tool ${call.tool}`];
  const properties = tool.parameters?.properties ?? {};
  const expected = call.arguments ?? {};
  return [
    ...(tool.parameters?.required ?? []).filter((name) => !(name in expected)).map((name) => `${name} is missing`),
    ...Object.entries(expected).flatMap(([name, value]) => {
      const schema = properties[name];
      if (schema === undefined) return [`${call.tool} has no ${name}`];
      const wrong = samplesOf(value).flatMap((sample) => checkValue(nodeOf(schema), sample));
      return [
        ...wrong.map((issue) => `${name} ${issue.message}`),
        ...problemsOfExpectation(schema, value).map((problem) => `${name}: ${problem}`),
      ];
    }),
  ];
}

function problemsOfExpectation(schema: Schema, expected: unknown): string[] {
  if (expected !== undefined && expected === schema.default) return ["an expected default must be left out"];
  if (typeof expected !== "object" || expected === null) return [];
  const keys = Object.keys(expected).sort().join();
  if (!["from,to", "one_of", "pattern", "any"].includes(keys)) return [`unknown form {${keys}}`];
  const { from, to, pattern } = expected as { from?: number; to?: number; pattern?: string };
  if (from !== undefined && to !== undefined && from >= to) return ["from is not below to"];
  if (pattern === undefined) return [];
  if (schema.type !== "string") return ["a pattern is for text"];
  return new RegExp(pattern, "i").test("") ? ["the pattern matches an empty text"] : [];
}

function nodeOf(schema: Schema): SchemaNode {
  return readSchema(schema);
}

/** Returns the errors in a scenario's expectations. */
function problemsOf(site: Site, scenario: Scenario): string[] {
  const turns = turnsOf(scenario);
  const calls = turns.flatMap(callsOf);
  const has = (group: string) => scenario.groups.includes(group);
  const rules: [boolean, string][] = [
    [new RegExp(`^${site.name}-${languageOf(scenario)}-\\d{3}$`).test(scenario.id), "id"],
    [scenario.groups.length > 0 && scenario.groups.every((group) => groups.has(group)), "unknown group"],
    [new Set(scenario.groups).size === scenario.groups.length, "group twice"],
    [languages.includes(languageOf(scenario)), "language"],
    [turns.every(({ say }) => say !== undefined && say.trim() === say && say.length > 1), "say"],
    [turns.every(({ expect }) => expect === "none" || (expect?.length ?? 0) > 0), "expect"],
    [turns.every((turn) => turn.asks === undefined || (turn.asks && turn.expect === "none")), "asks"],
    [has("call") === calls.length > 0, "call"],
    [["none", "knowledge", "talk"].some(has) === needsNoTool(scenario), "none"],
    [has("none") === needsNoTool(scenario), "none is in every group that needs no tool"],
    [has("ask") === turns.some(({ asks }) => asks), "ask"],
    [has("dialogue") === turns.length > 1 && turns.length <= 3, "dialogue"],
    [has("several") === turns.some((turn) => callsOf(turn).length > 1), "several"],
    [turns.every((turn) => callsOf(turn).length <= 3), "too many acts"],
    [has("free-text") === calls.some((call) => hasPattern(call)), "free-text"],
  ];
  return [
    ...rules.filter(([holds]) => !holds).map(([, rule]) => rule),
    ...calls.flatMap((call) => problemsOfCall(site, call)),
  ];
}

function hasPattern(call: ExpectedCall): boolean {
  return Object.values(call.arguments ?? {}).some(
    (value) => typeof value === "object" && value !== null && "pattern" in value,
  );
}

describe.each(sites.map((site) => [site.name, site] as const))("%s", (_name, site) => {
  test("has ten tools with valid schemas, at least two of them read-only", () => {
    expect(site.tools).toHaveLength(10);
    expect(site.tools.filter((tool) => tool.changes_world !== true).length).toBeGreaterThanOrEqual(2);
    for (const tool of site.tools) {
      const node = readSchema({ type: "object", ...tool.parameters });
      for (const name of tool.parameters?.required ?? []) expect([...node.properties.keys()]).toContain(name);
      for (const [name, property] of Object.entries(tool.parameters?.properties ?? {})) {
        if ("default" in property) expect(tool.parameters?.required ?? []).not.toContain(name);
        if ("default" in property) expect(checkValue(nodeOf(property), property.default)).toEqual([]);
      }
    }
  });

  test("has only expectations that its tools can meet", () => {
    const problems = site.scenarios.flatMap((scenario) =>
      problemsOf(site, scenario).map((problem) => `${scenario.id}: ${problem}`),
    );
    expect(problems).toEqual([]);
  });

  test("expects every tool at least five times, and has about a tenth of each other language", () => {
    const wanted = site.scenarios.flatMap(turnsOf).flatMap(callsOf);
    for (const { name } of site.tools)
      expect([name, wanted.filter(({ tool }) => tool === name).length >= 5]).toEqual([name, true]);
    for (const language of languages) {
      const ofLanguage = site.scenarios.filter((scenario) => languageOf(scenario) === language);
      const [least, most] = language === "en" ? [0.56, 0.64] : [0.09, 0.115];
      expect(share(ofLanguage, site.scenarios)).toBeGreaterThanOrEqual(least);
      expect(share(ofLanguage, site.scenarios)).toBeLessThanOrEqual(most);
      expect(new Set(ofLanguage.map(mainGroupOf)).size).toBeGreaterThanOrEqual(6);
    }
  });

  test("needs no tool in a third of the scenarios or a little more", () => {
    const none = site.scenarios.filter(needsNoTool);
    expect(none.length).toBeGreaterThanOrEqual(site.scenarios.length / 3);
    expect(share(none, site.scenarios)).toBeLessThan(0.37);
  });

  test("has no word of the tool in requests of the group no-words", () => {
    const shared = site.scenarios
      .filter((scenario) => scenario.groups.includes("no-words"))
      .flatMap((scenario) => turnsOf(scenario))
      .flatMap((turn) =>
        callsOf(turn).flatMap((call) => {
          const tool = site.tools.find(({ name }) => name === call.tool);
          const words = new Set(wordsOf(`${tool?.name.replaceAll("_", " ")} ${tool?.description}`));
          return wordsOf(turn.say).filter((word) => words.has(word));
        }),
      );
    expect(shared).toEqual([]);
  });
});

describe("the whole suite", () => {
  test("has unique ids, sentences and tools", () => {
    const ids = scenarios.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const tools = sites.flatMap((site) => site.tools.map(({ name }) => name));
    expect(new Set(tools).size).toBe(tools.length);
    const openings = scenarios.map((scenario) =>
      turnsOf(scenario)[0]
        ?.say.toLowerCase()
        .replaceAll(/[^\p{L}\p{N}]+/gu, " "),
    );
    expect(openings.filter((opening, index) => openings.indexOf(opening) !== index)).toEqual([]);
  });

  test("has enough scenarios of each part, group and language", () => {
    const count = (holds: (scenario: Scenario) => boolean) => scenarios.filter(holds).length;
    const ofPart = (part: string) => count((scenario) => scenario.part === part);
    const ofGroup = (group: string) => count(({ groups: own }) => own.includes(group));
    expect(scenarios.length).toBeGreaterThanOrEqual(400);
    expect(count(needsNoTool)).toBeGreaterThanOrEqual(140);
    expect(ofPart("training") / scenarios.length).toBeCloseTo(0.5, 1);
    expect(ofPart("development") / scenarios.length).toBeCloseTo(0.4, 1);
    expect(ofPart("sealed") / scenarios.length).toBeCloseTo(0.1, 1);
    const least = {
      dialogue: 45,
      several: 25,
      "no-words": 25,
      ask: 25,
      knowledge: 50,
      talk: 40,
      "free-text": 30,
      numbers: 60,
    };
    for (const [group, minimum] of Object.entries(least)) {
      expect([group, ofGroup(group) >= minimum]).toEqual([group, true]);
      const sealed = count(({ part, groups: own }) => part === "sealed" && own.includes(group));
      expect([group, sealed >= ofGroup(group) / 20]).toEqual([group, true]);
    }
    for (const language of languages) {
      const ofLanguage = scenarios.filter((scenario) => languageOf(scenario) === language);
      const training = ofLanguage.filter(({ part }) => part === "training");
      expect(share(training, ofLanguage)).toBeCloseTo(0.5, 1);
    }
  });

  test("separates training sites from measured sites", () => {
    for (const { name, scenarios: ofSite } of sites) {
      const parts = new Set(ofSite.map(({ part }) => part));
      expect([...parts].sort()).toEqual(trainingSites.includes(name) ? ["training"] : ["development", "sealed"]);
    }
  });

  test("seals every fifth scenario of the measured sites, counted by group", () => {
    for (const { name, scenarios: ofSite } of sites) {
      if (!measuredSites.includes(name)) continue;
      const byGroup = mainGroups.flatMap((group) => ofSite.filter((scenario) => mainGroupOf(scenario) === group));
      const sealed = byGroup.filter((_scenario, index) => index % 5 === 4);
      expect(
        ofSite
          .filter(({ part }) => part === "sealed")
          .map(({ id }) => id)
          .sort(),
      ).toEqual(sealed.map(({ id }) => id).sort());
      expect(new Set(sealed.map(languageOf)).size).toBe(languages.length);
    }
  });
});
