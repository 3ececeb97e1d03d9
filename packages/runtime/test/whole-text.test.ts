import { cutText } from "@nanoagent/models";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkMessage } from "../src/check-message.js";
import { parseSkill } from "../src/skills/parse-skill.js";
import { describeTools, leadTo } from "../src/tool-calls/describe-tools.js";
import { defineTool } from "../src/tools/define-tool.js";
import { keepCall } from "../src/tools/kept-call.js";
import { readDefinitions } from "../src/tools/mcp/tool-definition.js";
import { cleanText, toolResultText } from "../src/tools/tool-result-text.js";
import { WholePieces, wholeData, wholeJson, wholeText } from "../src/whole-text.js";

/** Text of letters, complete characters outside the first plane, and lone surrogates. */
const text = fc.string({
  unit: fc.constantFrom("a", "\\", '"', "\\ud83c", "🌱", "\ud83c", "\udf31", "\u0000", "\ufffd"),
  maxLength: 20,
});
/** Long enough to be cut, at a varying position. */
const longText = fc.tuple(text, fc.nat(3)).map(([some, extra]) => `${"a".repeat(extra)}${"🌱".repeat(1100)}${some}`);
const data = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, text, fc.integer(), fc.array(tie("value"), { maxLength: 3 }), tie("object")),
  object: fc.dictionary(text, tie("value"), { maxKeys: 3 }),
}));

const isWhole = (text: string) => !/\p{Surrogate}/u.test(text);

/** Whether all strings in plain data are well-formed. Escapes count as the characters that they represent. */
function isAllWhole(value: unknown): boolean {
  let whole = true;
  JSON.stringify(value, (key, item) => {
    whole = whole && isWhole(key) && (typeof item !== "string" || isWhole(item));
    return item;
  });
  return whole;
}

describe("a text", () => {
  test("becomes well-formed as a whole, in pieces, and in JSON, and stays unchanged if it already is", () => {
    fc.assert(
      fc.property(text, fc.array(fc.nat()), (text, cuts) => {
        const whole = wholeText(text);
        expect(isWhole(whole)).toBe(true);
        expect(wholeText(whole)).toBe(whole);
        if (isWhole(text)) expect(whole).toBe(text);
        const at = [0, ...cuts.map((cut) => cut % (text.length + 1)), text.length].sort((a, b) => a - b);
        const pieces = new WholePieces();
        const got = at.slice(1).map((end, index) => pieces.push(text.slice(at[index], end)));
        for (const piece of got) expect(isWhole(piece)).toBe(true);
        expect(got.join("") + pieces.end()).toBe(whole);
        expect(JSON.parse(wholeJson(text))).toBe(whole);
      }),
    );
  });

  test("is cut at character boundaries", () => {
    fc.assert(
      fc.property(text.map(wholeText), fc.integer({ min: -1, max: 25 }), (text, length) => {
        const cut = cutText(text, length);
        expect(isWhole(cut)).toBe(true);
        expect(text.startsWith(cut)).toBe(true);
        expect(cut.length).toBeLessThanOrEqual(Math.max(0, length));
        expect(cut.length).toBeGreaterThanOrEqual(Math.min(text.length, length - 1));
      }),
    );
  });

  test("becomes well-formed anywhere in data", () => {
    fc.assert(
      fc.property(data.object, (data) => {
        const whole = wholeData(data);
        expect(isAllWhole(whole)).toBe(true);
        expect(JSON.parse(wholeJson(data))).toEqual(JSON.parse(JSON.stringify(whole)));
        if (isAllWhole(data)) expect(whole).toEqual(data);
      }),
    );
  });
});

/** Entry points for external texts, and functions that cut texts. */
const doors: Record<string, (text: string) => unknown> = {
  "a message": (content) => checkMessage(content),
  "a tool's description": (text) => {
    const { run: _, ...tool } = defineTool({ name: "t", description: `d ${text}`.slice(0, 900), run: () => "" });
    return tool;
  },
  "a tool's schema": (description) => {
    const input = { type: "object", properties: { [description.slice(0, 30)]: { description, enum: [description] } } };
    return defineTool({ name: "t", description: "d", input, run: () => "" }).inputSchema;
  },
  "a server's tool": (text) => {
    const short = text.slice(0, 30);
    const inputSchema = {
      type: "object",
      properties: { [short]: { description: text, enum: [short] } },
      required: [short],
    };
    return readDefinitions("s", [{ name: "t", description: text, inputSchema }], { command: ["x"] }).definitions.map(
      ({ name: _, ...definition }) => definition,
    );
  },
  "a tool's result": (text) => toolResultText(text, 100),
  "a tool's result as data": (text) => toolResultText({ [text.slice(0, 50)]: [text] }, 100),
  "a displayed text": (text) => cleanText(text),
  "a call": (text) => keepCall({ id: text, name: text, arguments: { [text.slice(0, 30)]: text } }, []),
  "a tool in a prompt": (text) =>
    describeTools([{ name: "t", description: text, inputSchema: { properties: { [text]: {} } } }]),
  "a message in a prompt": (text) => JSON.parse(leadTo(wholeText(text)).slice(0, -3)),
};

test.each(Object.keys(doors))("%s becomes well-formed", (door) => {
  fc.assert(
    fc.property(fc.oneof(text, longText), (text) => {
      const got = doors[door]?.(text);
      expect(isAllWhole(got)).toBe(true);
    }),
  );
});

test("a skill's description becomes well-formed", async () => {
  const skill = await parseSkill("SKILL.md", '---\nname: s\ndescription: "half \\ud83c of one"\n---\nText', "s");
  expect(skill.description).toBe("half \ufffd of one");
});
