import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { nearestName, type ScenarioFile, type ScenarioPart } from "@nanoagent/models";
import { readScenarios, type ScenarioFilter, selectScenarios } from "@nanoagent/runtime/eval";
import { listOf } from "../command-line/check-values.js";
import type { OptionValues } from "../command-line/command.js";
import { UsageError } from "../errors/usage-error.js";

/** Folder of the built-in scenarios: beside this file in the sources, and beside the built program. */
const suiteFolder = fileURLToPath(new URL("./suite/", import.meta.url));
const SCENARIO_FILE = /\.(?:ya?ml|json)$/i;

/** Reads the named files and folders, or the built-in scenarios, and selects the scenarios that match the options. */
export async function findScenarios(values: OptionValues): Promise<ScenarioFile[]> {
  const named = listOf(values.scenarios);
  const paths = (await Promise.all((named.length === 0 ? [suiteFolder] : named).map(filesAt))).flat();
  const files: ScenarioFile[] = [];
  for (const file of new Set(paths)) {
    const read = await readScenarios(file);
    // File names distinguish the results.
    const isTaken = files.some(({ name }) => name === read.name);
    files.push(isTaken ? { ...read, name: `${read.name} (${file})` } : read);
  }
  const filter: ScenarioFilter = {
    part: values.part as ScenarioPart | undefined,
    group: values.group === undefined ? undefined : String(values.group),
    language: values.language === undefined ? undefined : String(values.language),
    limit: countOf("limit", values),
  };
  const selected = selectScenarios(files, filter);
  if (selected.length > 0) return selected;
  throw nothingLeft(files, filter);
}

/** Returns a positive integer, or undefined if the option was not given. */
export function countOf(option: string, values: OptionValues): number | undefined {
  const value = values[option];
  if (value === undefined || (Number.isSafeInteger(value) && Number(value) >= 1)) return value as number | undefined;
  throw new UsageError({
    message: `--${option} takes a whole number, found "${value}".`,
    hint: "nanoagent eval --help shows its options.",
  });
}

/** Returns the path itself, or the scenario files of a folder, sorted by name. */
async function filesAt(place: string): Promise<string[]> {
  const isFolder = await stat(place).then(
    (status) => status.isDirectory(),
    () => false,
  );
  if (!isFolder) return [place];
  const names = (await readdir(place)).filter((name) => SCENARIO_FILE.test(name) && !name.startsWith(".")).sort();
  if (names.length > 0) return names.map((name) => path.join(place, name));
  throw new UsageError({
    message: `There is no scenario file in ${place}.`,
    hint: "Name a file, or a folder with .yaml files. docs/eval.md describes them.",
  });
}

function nothingLeft(files: readonly ScenarioFile[], { part, group, language }: ScenarioFilter): UsageError {
  const scenarios = files.flatMap((file) => file.scenarios);
  const known = {
    group: new Set(scenarios.flatMap(({ groups = [] }) => groups)),
    language: new Set(scenarios.map((scenario) => scenario.language ?? "en")),
    part: new Set(scenarios.flatMap((scenario) => scenario.part ?? [])),
  };
  for (const [option, value] of Object.entries({ group, language, part }) as [
    keyof typeof known,
    string | undefined,
  ][]) {
    const names = [...known[option]].sort();
    if (value === undefined || names.includes(value)) continue;
    const nearest = nearestName(value, names);
    return new UsageError({
      message: `No scenario has the ${option} "${value}".${nearest === null ? "" : ` Did you mean "${nearest}"?`}`,
      hint: names.length === 0 ? `Omit --${option}: no scenario has one.` : `Choose one of ${names.join(", ")}.`,
    });
  }
  const named = Object.entries({ part, group, language }).flatMap(([key, value]) =>
    value === undefined ? [] : `--${key} ${value}`,
  );
  return new UsageError({
    message: `No scenario matches ${named.join(" and ")} together.`,
    hint: "Omit one of these options.",
  });
}
