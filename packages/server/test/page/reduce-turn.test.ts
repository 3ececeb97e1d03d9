import { NanoAgentError } from "@nanoagent/models";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ShownText } from "../../src/conversations/shown-text.js";
import type { PageTurn } from "../../src/page/page-events.js";
import { newTurn, reduceTurn, type TurnProgress } from "../../src/page/reduce-turn.js";
import type { AnswerEvent } from "../../src/turns/ask.js";

const at = "2026-01-01T00:00:00.000Z";
const begun = () => newTurn({ id: "t", message: "hello", at });
const text = (content: string): AnswerEvent => ({ type: "text-delta", text: content });
const call = (id: string): AnswerEvent => ({ type: "tool-call", id, name: "look", arguments: { at: "tank" } });
const result = (id: string, content = "5"): AnswerEvent => ({
  type: "tool-result",
  id,
  name: "look",
  content,
  is_error: false,
});
const stepEnd: AnswerEvent = { type: "step-end", step: 1, reason: "stop", usage: null };
const retraction: AnswerEvent = { type: "text-retraction" };
const end = (content = ""): AnswerEvent => ({
  type: "run-end",
  reply: { role: "assistant", content, timestamp: at },
  reason: "stop",
  usage: null,
});
const endBecause = (reason: "length" | "repetition", content = ""): AnswerEvent => ({
  type: "run-end",
  reply: { role: "assistant", content, timestamp: at, ended: "length" },
  reason,
  usage: null,
});
const failure = (code: string): AnswerEvent => ({
  type: "error",
  error: new NanoAgentError({ code, message: "It failed at /home/pi/secret.", hint: "Repair it." }),
});

function reduceAll(events: readonly AnswerEvent[]): TurnProgress {
  return events.reduce((progress, event) => reduceTurn(progress, event).progress, begun());
}

const partsOf = (...events: AnswerEvent[]) =>
  reduceAll(events).turn.parts.map((part) => (part.type === "text" ? part.text : `[${part.id} ${part.state}]`));

describe("the parts of a turn", () => {
  test("are texts and calls in their order", () => {
    const events = [
      text("I "),
      text("look."),
      call("a"),
      result("a"),
      stepEnd,
      text("\n\n"),
      text("It is 5."),
      end("x"),
    ];
    expect(partsOf(...events)).toEqual(["I look.", "[a done]", "It is 5."]);
  });

  test("lose the text of a step that was not part of the reply, and only that", () => {
    expect(partsOf(text("hm"), retraction, text("Yes."))).toEqual(["Yes."]);
    expect(partsOf(text("One."), stepEnd, text(" hm"), retraction, text(" Two."))).toEqual(["One. Two."]);
    expect(partsOf(text("hm"), call("a"), retraction, result("a"), stepEnd, text("Yes."))).toEqual([
      "[a done]",
      "Yes.",
    ]);
    expect(partsOf(text("A"), call("a"), result("a"), stepEnd, text("hm"), retraction, text("B"))).toEqual([
      "A",
      "[a done]",
      "B",
    ]);
  });

  test("are the reply, if no piece of text came", () => {
    expect(partsOf(end("Done."))).toEqual(["Done."]);
    expect(partsOf(text("One."), end("Other."))).toEqual(["One."]);
    expect(partsOf(end(" "))).toEqual([]);
  });

  test("have calls that ended without a result as failed, and long results cut", () => {
    expect(partsOf(call("a"), failure("aborted"))).toEqual(["[a failed]"]);
    const { turn } = reduceAll([call("a"), result("a", "x".repeat(30_000))]);
    expect(turn.parts[0]).toMatchObject({ result: `${"x".repeat(20_000)}…` });
  });
});

describe("the end of a turn", () => {
  test.each([
    ["aborted", "stopped"],
    ["service-stopping", "stopped"],
    ["engine-failed", "failed"],
  ])("by %s is %s", (code, state) => {
    const { turn } = reduceAll([
      { type: "run-start", message: { role: "user", content: "x", timestamp: at } },
      failure(code),
    ]);
    expect(turn.state).toBe(state);
    expect(turn.error === null).toBe(state === "stopped");
    expect(JSON.stringify(turn)).not.toContain("secret");
  });
});

describe("the note of a turn", () => {
  const noteOf = (...events: AnswerEvent[]) => reduceAll(events).turn.note;

  test("tells a reader that a reply is not complete, or that none came", () => {
    expect(noteOf(text("Once upon a"), endBecause("length"))).toBe("The reply reached its limit of tokens.");
    expect(noteOf(text("so so so"), endBecause("repetition"))).toBe("The reply was ended because it repeated itself.");
    expect(noteOf(endBecause("length"))).toBe("The reply reached its limit of tokens.");
    expect(noteOf(end(" "))).toBe("The agent gave no reply.");
    expect(noteOf(call("a"), result("a"), end())).toBe("The agent gave no reply.");
    const unsaved = { ...end("x"), not_saved: new NanoAgentError({ code: "session-not-saved", message: "Full." }) };
    expect(noteOf(text("x"), unsaved as AnswerEvent)).toContain("could not be saved");
  });

  test("is not there for a whole reply, and for one that was stopped or failed", () => {
    expect(noteOf(text("Yes."), end("Yes."))).toBeNull();
    expect(noteOf(end("Yes."))).toBeNull();
    expect(noteOf(text("Yes"), failure("aborted"))).toBeNull();
    expect(noteOf(failure("engine-failed"))).toBeNull();
  });
});

const anyEvent = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 5 }).map(text) },
  fc.constantFrom("a", "b", "constructor").map(call),
  fc.constantFrom("a", "b", "c").map((id) => result(id)),
  fc.constantFrom<AnswerEvent>(stepEnd, retraction, { type: "claim-withheld", text: "x" }),
);

describe("for any events", () => {
  test("a page that applies the changes has the same turn, and no earlier turn changes", () => {
    fc.assert(
      fc.property(fc.array(anyEvent), fc.constantFrom(end("y"), end(), failure("aborted")), (events, last) => {
        let progress = begun();
        let shown: PageTurn = structuredClone(progress.turn);
        for (const event of [...events, last]) {
          const before = JSON.stringify(progress);
          const { progress: next, change } = reduceTurn(progress, event);
          expect(JSON.stringify(progress)).toBe(before);
          if (change.type === "turn") shown = structuredClone(next.turn);
          else if (change.type === "text") {
            const part = shown.parts[change.part];
            if (part?.type !== "text") throw new Error("Not a text");
            part.text += change.text;
          }
          progress = next;
          expect(shown).toEqual(progress.turn);
        }
        expect(["done", "stopped"]).toContain(progress.turn.state);
        expect(progress.turn.parts.some((part) => part.type === "tool" && part.state === "running")).toBe(false);
      }),
    );
  });

  test("the texts are those that the conversation keeps, except for white space", () => {
    fc.assert(
      fc.property(fc.array(anyEvent), (events) => {
        const kept = new ShownText();
        for (const event of events) {
          if (event.type === "text-delta") kept.add(event.text);
          else kept.note(event);
        }
        const texts = reduceAll(events).turn.parts.map((part) => (part.type === "text" ? part.text : ""));
        const bare = (content: string) => content.replaceAll(/\s/gu, "");
        expect(bare(texts.join(""))).toBe(bare(kept.text));
      }),
    );
  });
});
