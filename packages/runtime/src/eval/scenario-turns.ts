import type { Scenario, ScenarioTurn } from "@nanoagent/models";

/** Returns the turns of a scenario, which has several in a dialog and one otherwise. */
export function turnsOf({ say, expect, asks, reply, turns }: Scenario): readonly ScenarioTurn[] {
  return turns ?? (say === undefined ? [] : [{ say, expect, asks, reply }]);
}
