import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type KeyToken, KeyTokens } from "../../src/input/key-tokens.js";

/** Tokens of these chunks, with neighboring keys in one. */
function read(chunks: readonly string[]): KeyToken[] {
  const tokens = new KeyTokens();
  const found = [...chunks.flatMap((chunk) => tokens.push(chunk)), ...tokens.flush()];
  const joined: KeyToken[] = [];
  for (const token of found) {
    const last = joined.at(-1);
    if (token.type === "keys" && last?.type === "keys") joined[joined.length - 1] = keys(last.text + token.text);
    else joined.push(token);
  }
  return joined;
}

const keys = (text: string): KeyToken => ({ type: "keys", text });

describe("the input of a terminal", () => {
  test.each<[string, string, KeyToken[]]>([
    ["text and Enter", "hello\r", [keys("hello"), { type: "enter" }]],
    ["Alt-Enter", "a\u001b\rb", [keys("a"), { type: "line-break" }, keys("b")]],
    ["Shift-Enter as CSI u", "\u001b[13;2u", [{ type: "line-break" }]],
    ["Shift-Enter of xterm", "\u001b[27;2;13~", [{ type: "line-break" }]],
    ["an arrow key", "\u001b[A", [keys("\u001b[A")]],
    ["control keys", "\u0003\u0004\u001a", [{ type: "interrupt" }, { type: "end" }, { type: "suspend" }]],
    ["a paste", "\u001b[200~one\rtwo\r\nthree\u001b[201~", [{ type: "paste", text: "one\ntwo\nthree" }]],
    ["Ctrl-C in a paste", "\u001b[200~a\u0003b\u001b[201~c", [{ type: "paste", text: "ab" }, keys("c")]],
    [
      "an escape sequence in a paste",
      "\u001b[200~\u001b[31mred\tx\u001b[201~",
      [{ type: "paste", text: "[31mred\tx" }],
    ],
    ["Escape alone", "\u001b", [keys("\u001b")]],
  ])("%s", (_, input, expected) => {
    expect(read([input])).toEqual(expected);
  });

  test("means the same wherever its chunks begin and end", () => {
    const piece = fc.constantFrom(
      "a",
      "é漢",
      "\r",
      "\u001b",
      "\u001b\r",
      "\u001b[A",
      "\u001b[20",
      "\u001b[200~",
      "\u001b[201~",
      "\u0003",
      "\n",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), fc.array(fc.nat(4), { minLength: 1 }), (pieces, sizes) => {
        const input = pieces.join("");
        const chunks: string[] = [];
        for (let at = 0, index = 0; at < input.length; index++) {
          const size = 1 + (sizes[index % sizes.length] ?? 0);
          chunks.push(input.slice(at, at + size));
          at += size;
        }
        expect(read(chunks)).toEqual(read([input]));
      }),
    );
  });

  test("loses no key outside a paste", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("\u001b", "\u001b[", "a", "[200", "~", " ", "é")), (parts) => {
        const text = parts.join("");
        fc.pre(!text.includes("\u001b[200~"));
        expect(read([...text])).toEqual(text === "" ? [] : [keys(text)]);
      }),
    );
  });

  test("whose paste never ends can be ended", () => {
    const tokens = new KeyTokens();
    tokens.push("\u001b[200~abc\u001b[20");
    expect(tokens.isPasting).toBe(true);
    expect(tokens.endPaste()).toEqual([{ type: "paste", text: "abc[20" }]);
    expect(tokens.push("\u0003")).toEqual([{ type: "interrupt" }]);
  });

  test("is bounded: a paste without end is cut", () => {
    const tokens = new KeyTokens();
    tokens.push("\u001b[200~");
    for (let count = 0; count < 80; count++) tokens.push("x".repeat(64 * 1024));
    const [paste] = tokens.push("\u001b[201~");
    expect(paste).toMatchObject({ type: "paste" });
    expect((paste as { text: string }).text.length).toBe(2 * 1024 * 1024);
  });
});
