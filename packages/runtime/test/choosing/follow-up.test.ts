import { describe, expect, test } from "vitest";
import { readFollowUp } from "../../src/choosing/follow-up.js";
import { splitActs } from "../../src/choosing/split-acts.js";
import type { EngineMessage } from "../../src/engines/engine.js";

const call = { id: "1", name: "set_lamp", arguments: { room: "kitchen" } };
const acted: EngineMessage[] = [
  { role: "user", content: "Switch the kitchen lamp on" },
  { role: "assistant", content: "", tool_calls: [call] },
  { role: "tool", content: "ok", tool_call_id: "1" },
  { role: "assistant", content: "It is on." },
];
const asked: EngineMessage[] = [
  { role: "user", content: "Switch the lamp on" },
  { role: "assistant", content: "In which room?" },
];
const after = (before: readonly EngineMessage[], content: string) =>
  readFollowUp([...before, { role: "user", content }]);

describe("a message within its conversation", () => {
  test.each(["and the bedroom?", "off again", "now the hall", "und das Bad?", "y el baño", "10 more"])(
    "%s refers to the previous call",
    (message) => {
      expect(after(acted, message)).toMatchObject({ before: call, leansOnIt: true });
    },
  );

  test.each([
    "Tell me how many planets there are in our solar system",
    "Please start the washing machine at nine in the evening",
  ])("%s does not", (message) => {
    expect(after(acted, message).leansOnIt).toBe(false);
  });

  test.each(["yes", "Yes please", "ok", "ja, bitte", "sí", "oui"])("%s agrees to a question", (message) => {
    expect(after(asked, message)).toMatchObject({ answer: "yes", message: "Switch the lamp on" });
  });

  test.each(["no", "nein", "never"])("%s refuses", (message) => {
    expect(after(asked, message).answer).toBe("no");
  });

  test("any other answer completes the original message", () => {
    expect(after(asked, "in the kitchen")).toMatchObject({
      answer: "other",
      message: "Switch the lamp on\nin the kitchen",
    });
  });

  test("is not an answer without a question", () => {
    expect(after(acted, "yes").answer).toBeNull();
    expect(after([], "yes")).toMatchObject({ answer: null, before: null, leansOnIt: false });
  });
});

describe("splitting a message into acts", () => {
  test.each([
    ["Switch the lamp on and close the blinds.", 2],
    ["Mach das Licht an und schließ die Tür", 2],
    ["Open the vent, then water the herbs", 2],
    ["Switch the lamp on.", 1],
    ["salt and oil", 1],
  ])("%s", (message, parts) => {
    expect(splitActs(message)).toHaveLength(parts);
  });
});
