import fc from "fast-check";
import { expect, test } from "vitest";
import { ReplyReader } from "../../src/engines/openai-compatible/chat/reply-reader.js";
import { ToolCallAssembler } from "../../src/engines/openai-compatible/chat/tool-call-assembler.js";
import { defineTool } from "../../src/tools/define-tool.js";
import { ToolSet } from "../../src/tools/tool-set.js";

const runs = process.env.NANOAGENT_SOAK ? 500 : 50;

/** JSON numbers in notations that a JavaScript number does not keep. */
const written = fc.oneof(
  fc.stringMatching(/^-?(?:0|[1-9]\d{0,3})\.\d{0,3}0$/),
  fc.stringMatching(/^-?[1-9]\d{0,2}(?:\.\d)?[eE][+-]?\d{1,3}$/),
  fc.stringMatching(/^[1-9]\d{17,25}$/),
  fc.constantFrom("1.10", "1.0", "-0", "0.0", "1e3", "1E3", "10", "3"),
);
/** Numbers in notations that people write but JSON does not allow. */
const odd = fc.oneof(
  fc.stringMatching(/^0\d{1,6}$/),
  fc.stringMatching(/^0x[\da-fA-F]{1,6}$/),
  fc.stringMatching(/^[1-9]\d{0,2}(?:_\d{3}){1,2}$/),
  fc.stringMatching(/^\d{1,3}\.\d{1,3}\.\d{1,3}$/),
  fc.constantFrom("007", "0x10", "1_000", "2026-11-28", "12h"),
);

const properties = {
  text: { type: "string" },
  list: { type: "array", items: { type: "string" } },
  inner: { type: "object", properties: { text: { type: "string" } } },
  number: { type: "number" },
};

/** Returns the arguments as the tool got them, and as they are shown. */
async function ranWith(given: unknown): Promise<{ got: unknown; shown: unknown }> {
  let got: unknown = null;
  const tool = defineTool({
    name: "set",
    description: "a",
    permission: "always",
    input: { type: "object", properties },
    run: (input: unknown) => {
      got = input;
    },
  });
  const tools = await ToolSet.open([tool]);
  const call = { id: "1", name: "set", arguments: given };
  await tools.call(call, { idempotencyKey: "key" });
  return { got, shown: tools.argumentsFor(call) };
}

const chunkOf = (call: string) => `{"choices":[{"index":0,"delta":{"tool_calls":[${call}]},"finish_reason":null}]}`;
/** Ways in which servers send a call. */
const ways: [title: string, write: (json: string) => string][] = [
  ["text", (json) => chunkOf(`{"index":0,"id":"a","function":{"name":"set","arguments":${JSON.stringify(json)}}}`)],
  ["a value", (json) => chunkOf(`{"index":0,"id":"a","function":{"name":"set","arguments":${json}}}`)],
  ["a line", (json) => `{"message":{"tool_calls":[{"function":{"name":"set","arguments":${json}}}]},"done":false}`],
  ["a whole reply", (json) => `{"choices":[{"message":{"function_call":{"name":"set","parameters":${json}}}}]}`],
];

/** Arguments of a server's call. */
function received(stream: string): unknown {
  const calls = new ToolCallAssembler(() => "id", new Set(["set"]));
  const reader = new ReplyReader();
  const parts = [...reader.push(Buffer.from(stream)), ...reader.end()];
  for (const { toolCalls = [] } of parts) for (const call of toolCalls) calls.push(call);
  return calls.finish()[0]?.arguments;
}

const argumentsOf = (number: string) =>
  `{"text":${number},"list":[${number}],"inner":{"text":${number}}${/^-?\d+(?:\.\d+)?$/.test(number) ? ',"number":2.50' : ""}}`;

test.each(ways)("passes a number for a text argument as the model wrote it, sent as %s", async (_, write) => {
  const property = fc.asyncProperty(written, fc.constantFrom("data: ", ""), async (number, mark) => {
    const { got, shown } = await ranWith(received(`${mark}${write(argumentsOf(number))}\n\n`));
    expect(got).toMatchObject({ text: number, list: [number], inner: { text: number } });
    expect(shown).toEqual(got);
    expect((got as { number?: unknown }).number ?? 2.5).toBe(2.5);
  });
  await fc.assert(property, { numRuns: runs });
});

test("keeps a number within JSON text as written", async () => {
  const property = fc.asyncProperty(written, async (number) => {
    const inner = JSON.stringify(`{"text":${number}}`);
    const { got } = await ranWith(`{"inner":${inner},"list":${JSON.stringify(`[${number}]`)}}`);
    expect(got).toEqual({ inner: { text: number }, list: [number] });
  });
  await fc.assert(property, { numRuns: runs });
});

test("passes an invalid JSON number as text, or rejects it as a number", async () => {
  const property = fc.asyncProperty(odd, async (word) => {
    const { got, shown } = await ranWith(received(`data: ${ways[0]?.[1](argumentsOf(word))}\n\n`));
    expect(got).toMatchObject({ text: word, list: [word], inner: { text: word } });
    expect(shown).toEqual(got);
    expect((await ranWith(`{"number":${word}}`)).got).toBe(null);
  });
  await fc.assert(property, { numRuns: runs });
});
