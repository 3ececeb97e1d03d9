import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { completeArguments } from "../../src/choosing/complete-arguments.js";
import { argumentProperties, readStated } from "../../src/choosing/stated-arguments.js";
import type { EngineTool } from "../../src/engines/engine.js";

const lamp: EngineTool = {
  name: "set_lamp",
  description: "Sets the brightness of a lamp. 0 is off, 100 is full",
  inputSchema: {
    type: "object",
    properties: {
      room: { type: "string", enum: ["kitchen", "living_room", "bedroom"] },
      percent: { type: "integer", minimum: 0, maximum: 100 },
    },
    required: ["room", "percent"],
  },
};
const timer: EngineTool = {
  name: "start_timer",
  description: "Starts a timer",
  inputSchema: {
    type: "object",
    properties: { minutes: { type: "number", minimum: 0.25, maximum: 600 } },
    required: ["minutes"],
  },
};
const note: EngineTool = {
  name: "write_note",
  description: "Writes a note on the board",
  inputSchema: { type: "object", properties: { text: { type: "string" } }, required: ["text"] },
};

const read = (tool: EngineTool, message: string) =>
  completeArguments(tool, { message, before: null, leansOnIt: false, answer: null });

describe("reading stated arguments", () => {
  test.each([
    [lamp, "Set the living room lamp to 40 percent", { room: "living_room", percent: 40 }],
    [lamp, "kitchen light to forty five", { room: "kitchen", percent: 45 }],
    [lamp, "Mach das Licht in der Küche aus", { room: "kitchen", percent: 0 }],
    [lamp, "Turn off the bedroom lamp", { room: "bedroom", percent: 0 }],
    [lamp, "bedroom at half brightness", { room: "bedroom", percent: 50 }],
    [lamp, "Allume la lumière du salon à 80 %", { room: "living_room", percent: 80 }],
    [timer, "a timer for half an hour", { minutes: 30 }],
    [timer, "Stell einen Timer auf eine Viertelstunde", { minutes: 15 }],
    [timer, "timer: 90 seconds", { minutes: 1.5 }],
    [timer, "temporizador de dos horas", { minutes: 120 }],
    [timer, "un timer da cinque minuti e mezzo", { minutes: 5.5 }],
    [note, 'Put a note on the board that says "feed the cat"', { text: "feed the cat" }],
    [note, "Write on the board that the plumber comes on Friday", { text: "the plumber comes on Friday" }],
    [note, "Note: bins out tonight.", { text: "bins out tonight" }],
  ])("%# %s", (tool, message, expected) => {
    expect(read(tool, message)).toMatchObject({ sets: [expected], missing: [], open: [] });
  });

  test("reports arguments that are not stated as missing", () => {
    expect(read(lamp, "Switch the lamp on please").sets[0]).not.toHaveProperty("room");
    expect(read(lamp, "Dim the kitchen").missing.map(({ name }) => name)).toEqual(["percent"]);
    expect(read(timer, "Start a timer").missing.map(({ name }) => name)).toEqual(["minutes"]);
    expect(read(note, "Write a note").missing.map(({ name }) => name)).toEqual(["text"]);
  });

  test("ignores a number outside of the range", () => {
    fc.assert(
      fc.property(fc.integer({ min: 101, max: 100_000 }), (percent) => {
        expect(read(lamp, `Set the kitchen lamp to ${percent}`).sets[0]).not.toHaveProperty("percent");
      }),
    );
  });

  test("reads every number in the range, with and without a unit", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 }), fc.constantFrom("", " percent", " %"), (percent, unit) => {
        expect(read(lamp, `Set the kitchen lamp to ${percent}${unit}`).sets[0]).toEqual({ room: "kitchen", percent });
      }),
    );
  });

  test("makes one act for each of several values", () => {
    expect(read(lamp, "Set the kitchen and the bedroom to 20").sets).toEqual([
      { room: "kitchen", percent: 20 },
      { room: "bedroom", percent: 20 },
    ]);
  });

  test("takes the other arguments of a follow-up from the previous act", () => {
    const before = { id: "1", name: "set_lamp", arguments: { room: "kitchen", percent: 40 } };
    const followed = (message: string) =>
      completeArguments(lamp, { message, before, leansOnIt: true, answer: null }).sets[0];
    expect(followed("and the bedroom?")).toEqual({ room: "bedroom", percent: 40 });
    expect(followed("now 70")).toEqual({ room: "kitchen", percent: 70 });
    expect(followed("10 more")).toEqual({ room: "kitchen", percent: 50 });
    expect(followed("ten percent less")).toEqual({ room: "kitchen", percent: 30 });
  });

  test("reads any message and schema without errors, and only values that the schema allows", () => {
    const property = fc.oneof(
      fc.record({ enum: fc.array(fc.oneof(fc.string(), fc.integer(), fc.boolean()), { maxLength: 5 }) }),
      fc.record({ type: fc.constantFrom("string", "number", "integer", "boolean", "array", "object", "null") }),
      fc.anything(),
    );
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme", maxLength: 200 }),
        fc.dictionary(fc.string(), property),
        (message, properties) => {
          const described = argumentProperties({ type: "object", properties });
          const { values } = readStated(described, message);
          for (const { name, kind, choices } of described) {
            if (kind === "choice" && Object.hasOwn(values, name)) expect(choices).toContain(values[name]);
          }
        },
      ),
    );
  });
});
