import type { Scenario, ScenarioFile, ScenarioPart } from "@nanoagent/models";

export const DEFAULT_LANGUAGE = "en";

export interface ScenarioFilter {
  part?: ScenarioPart | undefined;
  group?: string | undefined;
  language?: string | undefined;
  /** Most scenarios, spread evenly over those that the other keys select. */
  limit?: number | undefined;
}

/** Returns the files with the selected scenarios. Files without any are left out. */
export function selectScenarios(files: readonly ScenarioFile[], filter: ScenarioFilter): ScenarioFile[] {
  const fitting = files.flatMap((file) =>
    file.scenarios.filter((scenario) => fits(scenario, filter)).map((scenario) => ({ file, scenario })),
  );
  const wanted = Math.min(filter.limit ?? fitting.length, fitting.length);
  const chosen = Array.from({ length: wanted }, (_, index) => fitting[Math.floor((index * fitting.length) / wanted)]);
  return files.flatMap((file) => {
    const scenarios = chosen.flatMap((one) => (one?.file === file ? [one.scenario] : []));
    return scenarios.length === 0 ? [] : [{ ...file, scenarios }];
  });
}

function fits({ groups = [], language = DEFAULT_LANGUAGE, part }: Scenario, filter: ScenarioFilter): boolean {
  return (
    (filter.part === undefined || filter.part === part) &&
    (filter.group === undefined || groups.includes(filter.group)) &&
    (filter.language === undefined || filter.language === language)
  );
}
