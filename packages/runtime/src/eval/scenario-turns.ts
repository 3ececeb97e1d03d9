import type { Scenario, ScenarioTurn } from "@nanoagent/models";

/** The messages of a scenario: those of a dialogue, or the one. */
export function turnsOf({ say, expect, asks, reply, turns }: Scenario): readonly ScenarioTurn[] {
  return turns ?? (say === undefined ? [] : [{ say, expect, asks, reply }]);
}
