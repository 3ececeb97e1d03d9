import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { reasoningMarks } from "../../src/engines/reasoning-marks.js";
import { ReplyText } from "../../src/engines/reply-text.js";

/** Splits a reply that arrives in these pieces. */
function takeApart(pieces: readonly string[], options: ConstructorParameters<typeof ReplyText>[0] = {}) {
  const reply = new ReplyText(options);
  const found = [...pieces.flatMap((piece) => reply.push(piece)), ...reply.finish()];
  const said = { text: "", reasoning: "", stopped: reply.stopped };
  for (const { type, text } of found) {
    if (type === "retraction") {
      expect(text).toBe(said.text);
      said.reasoning = said.text + said.reasoning;
      said.text = "";
    } else said[type] += text;
  }
  return said;
}

describe("ReplyText", () => {
  test.each([
    [["hello"], {}, { text: "hello", reasoning: "", stopped: false }],
    [["<think>b</think>c"], {}, { text: "c", reasoning: "b", stopped: false }],
    [["a <think>b</think> c"], {}, { text: "a <think>b</think> c", reasoning: "", stopped: false }],
    [["<think>STOP</think>b"], { stop: ["STOP"] }, { text: "b", reasoning: "STOP", stopped: false }],
    [["b</think>c"], { beginsInReasoning: true }, { text: "c", reasoning: "b", stopped: false }],
    [["<think>never closed"], {}, { text: "", reasoning: "never closed", stopped: false }],
    [["a<th"], {}, { text: "a<th", reasoning: "", stopped: false }],
    [["<think>b</think>"], { separatesReasoning: false }, { text: "<think>b</think>", reasoning: "", stopped: false }],
    [["one STOP two"], { stop: ["STOP"] }, { text: "one ", reasoning: "", stopped: true }],
    [["one ST", "OP two"], { stop: ["STOP"] }, { text: "one ", reasoning: "", stopped: true }],
    [["a<think>STOP</think>b"], { stop: ["STOP"] }, { text: "a<think>", reasoning: "", stopped: true }],
    [["one STO"], { stop: ["STOP"] }, { text: "one STO", reasoning: "", stopped: false }],
    [["ab"], { stop: [""] }, { text: "ab", reasoning: "", stopped: false }],
  ])("%j %j", (pieces, options, expected) => expect(takeApart(pieces, options)).toEqual(expected));

  const families = reasoningMarks.filter(({ start }) => start.length > 0);
  const inAnyPieces = (whole: string, expected: object) =>
    fc.assert(
      fc.property(fc.array(fc.nat(whole.length), { maxLength: 6 }), (cuts) => {
        const places = [...new Set(cuts)].sort((a, b) => a - b);
        const pieces = [...places, whole.length].map((end, index) => whole.slice(places[index - 1] ?? 0, end));
        expect(takeApart(pieces)).toEqual(expected);
      }),
      { numRuns: 30 },
    );

  test.each(families)(
    "of $start: reasoning is not part of the answer",
    ({ start: [start], end: [end], beforeAnswer = [], afterAnswer = [] }) => {
      const answer = `${beforeAnswer[0] ?? ""}It is 20 degrees.`;
      const expected = { text: "It is 20 degrees.", reasoning: " Hm,\nwell. ", stopped: false };
      inAnyPieces(`${start} Hm,\nwell. ${end}${answer}${afterAnswer[0] ?? ""}`, expected);
      inAnyPieces(`\n${start} Hm,\nwell. ${end}\n\n${answer}`, expected);
    },
  );

  test.each(families.filter(({ needsStart }) => needsStart !== true))(
    "of $start: an end mark without a start mark turns all text before it into reasoning",
    ({ end: [end] }) => {
      inAnyPieces(`Hm, well.\n${end}\n\nIt is 20 degrees.`, {
        text: "It is 20 degrees.",
        reasoning: "Hm, well.\n",
        stopped: false,
      });
      inAnyPieces(`Hm, well.${end}It is.`, { text: "It is.", reasoning: "Hm, well.", stopped: false });
    },
  );

  test.each(families)("of $start: marks that are only mentioned are text", ({ start: [start], end: [end] }) => {
    for (const whole of [
      `The tag \`${end}\` ends it.`,
      `It writes "${end}" then.`,
      `First ${start} and then ${end} come.`,
      `Put ${end} behind it.`,
      `So:\n\`\`\`\n${end}\n\`\`\`\nis all.`,
      `Well.\n${start}\nHm.\n${end}\nYes.`,
      `It ends with ${start}`,
    ]) {
      inAnyPieces(whole, { text: whole, reasoning: "", stopped: false });
    }
  });

  test.each(families)("of $start: unclosed reasoning is never shown", ({ start: [start] }) => {
    inAnyPieces(`${start}Hm, well`, { text: "", reasoning: "Hm, well", stopped: false });
  });

  test("of a server that keeps only the words of the marks", () => {
    inAnyPieces("analysisThe user asks.assistantfinalIt is.", {
      text: "It is.",
      reasoning: "analysisThe user asks.",
      stopped: false,
    });
    inAnyPieces("analysis is the art.", { text: "analysis is the art.", reasoning: "", stopped: false });
  });

  const word = fc.constantFrom(
    "a",
    "S",
    "ST",
    "STOP",
    "T",
    "OP",
    "<",
    "<think>",
    "</think>",
    "<thi",
    "nk>",
    "END",
    "EN",
    " ",
    "\n",
  );

  test("gives the same result however the reply is split, and loses nothing", () => {
    fc.assert(
      fc.property(
        fc.array(word, { maxLength: 30 }),
        fc.array(fc.nat(), { maxLength: 10 }),
        fc.subarray(["STOP", "END", " ST", "\n\n", "\nEND"]),
        (words, cuts, stop) => {
          const whole = words.join("");
          const places = [...new Set(cuts.map((cut) => cut % (whole.length + 1)))].sort((a, b) => a - b);
          const pieces = [...places, whole.length].map((end, index) => whole.slice(places[index - 1] ?? 0, end));
          const expected = takeApart([whole], { stop });
          expect(takeApart(pieces, { stop })).toEqual(expected);
          if (stop.length === 0) expect(takeApart(pieces, { separatesReasoning: false }).text).toBe(whole);
          for (const text of stop) expect(expected.text).not.toContain(text);
        },
      ),
    );
  });
});
