import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ReplyText } from "../../src/engines/reply-text.js";

/** Takes a reply apart that comes in these pieces. */
function takeApart(pieces: readonly string[], options: ConstructorParameters<typeof ReplyText>[0] = {}) {
  const reply = new ReplyText(options);
  const found = [...pieces.flatMap((piece) => reply.push(piece)), ...reply.finish()];
  const of = (type: string) => found.flatMap((piece) => (piece.type === type ? [piece.text] : [])).join("");
  return { text: of("text"), reasoning: of("reasoning"), stopped: reply.stopped };
}

describe("ReplyText", () => {
  test.each([
    [["hello"], {}, { text: "hello", reasoning: "", stopped: false }],
    [["a<think>b</think>c"], {}, { text: "ac", reasoning: "b", stopped: false }],
    [["b</think>c"], { beginsInReasoning: true }, { text: "c", reasoning: "b", stopped: false }],
    [["<think>never closed"], {}, { text: "", reasoning: "never closed", stopped: false }],
    [["a<th"], {}, { text: "a<th", reasoning: "", stopped: false }],
    [["<think>b</think>"], { separatesReasoning: false }, { text: "<think>b</think>", reasoning: "", stopped: false }],
    [["one STOP two"], { stop: ["STOP"] }, { text: "one ", reasoning: "", stopped: true }],
    [["one ST", "OP two"], { stop: ["STOP"] }, { text: "one ", reasoning: "", stopped: true }],
    [["a<think>STOP</think>b"], { stop: ["STOP"] }, { text: "ab", reasoning: "STOP", stopped: false }],
    [["one STO"], { stop: ["STOP"] }, { text: "one STO", reasoning: "", stopped: false }],
    [["ab"], { stop: [""] }, { text: "ab", reasoning: "", stopped: false }],
  ])("%j %j", (pieces, options, expected) => expect(takeApart(pieces, options)).toEqual(expected));

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
  );

  test("means the same in whatever pieces it comes, and loses nothing", () => {
    fc.assert(
      fc.property(
        fc.array(word, { maxLength: 30 }),
        fc.array(fc.nat(), { maxLength: 10 }),
        fc.subarray(["STOP", "END"]),
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
