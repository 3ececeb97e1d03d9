import type { Scenario, ScenarioFile } from "@nanoagent/models";

/** A scenario file for tests: three tools of a small house. */
export function houseFile(...scenarios: Scenario[]): ScenarioFile {
  return {
    name: "house",
    tools: [
      {
        name: "switch_lamp",
        description: "Switches a lamp on or off.",
        changes_world: true,
        parameters: {
          properties: {
            room: { type: "string", enum: ["kitchen", "bedroom"] },
            state: { type: "string", enum: ["on", "off"] },
            percent: { type: "integer", minimum: 1, maximum: 100, default: 100 },
          },
          required: ["room", "state"],
        },
        result: { ok: true },
      },
      { name: "read_thermometer", description: "Reads the temperature.", result: "21.5 degrees" },
      {
        name: "write_note",
        description: "Writes a note on the board.",
        parameters: { properties: { text: { type: "string" } }, required: ["text"] },
        error: "The board is full.",
      },
    ],
    scenarios,
  };
}

export const kitchenOn = { room: "kitchen", state: "on" };
