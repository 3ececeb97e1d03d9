import { fileURLToPath } from "node:url";
import type { McpServerSettings } from "@nanoagent/models";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readMessages } from "../../../src/tools/mcp/read-messages.js";
import { readResult } from "../../../src/tools/mcp/read-result.js";
import { opened } from "./open-servers.js";

const isSoak = Boolean(process.env.NANOAGENT_SOAK);
/** All of the cases with NANOAGENT_SOAK, otherwise a tenth of them. */
const some = <Case>(cases: readonly Case[]) => cases.filter((_, index) => isSoak || index % 10 === 0);

interface Odd {
  answers?: Record<string, string | string[]>;
  start?: string[];
  encoding?: string;
  mark?: string;
}

const file = fileURLToPath(new URL("odd-server.mjs", import.meta.url));
const server = (odd: Odd, more: object = {}): McpServerSettings => ({
  command: [process.execPath, file, JSON.stringify(odd)],
  permission: "always",
  start_timeout_seconds: 20,
  ...more,
});

const answer = (result: unknown, more = "") => `{"jsonrpc":"2.0","id":$ID,"result":${JSON.stringify(result)}${more}}\n`;
const text = { content: [{ type: "text", text: "done" }] };
const called = (result: unknown): Odd => ({ answers: { "tools/call": answer(result) } });
const inputSchema = { type: "object" };
const listed = (...tools: object[]): Odd => ({
  answers: { "tools/list": answer({ tools: tools.map((tool) => ({ inputSchema, ...tool })) }) },
});
const greeted = (result: object): Odd => ({ answers: { initialize: answer(result) } });
const withSchema = (inputSchema: unknown) => listed({ name: "do", inputSchema });
const base64 = Buffer.alloc(3000, "Zx9/").toString("base64");

/** Servers whose tool works, with the result of a call. */
const working: [title: string, odd: Odd, content?: string][] = [
  ["a byte order mark", { mark: "\ufeff" }],
  ["a byte order mark before each line", { answers: { "tools/call": `\ufeff${answer(text)}` } }],
  ["UTF-16 of Windows", { encoding: "utf16le", mark: "\ufeff" }],
  ["UTF-16 without a mark", { encoding: "utf16le" }],
  ["UTF-16 the other way round", { encoding: "utf-16be", mark: "\ufeff" }],
  ["lines as in Windows", { answers: { "tools/call": answer(text).replace("\n", "\r\n") } }],
  ["empty lines", { answers: { "tools/call": `\n\r\n  \n${answer(text)}\n` } }],
  [
    "a banner",
    { start: ["Starting server v1.0...\n", "\u001b[32mListening\u001b[0m\n", "{not json}\n", "[]\n", "null\n", "7\n"] },
  ],
  ["logs between messages", { answers: { "tools/call": `INFO calling\n{"level":30,"msg":"hi"}\n${answer(text)}` } }],
  ["a batch of one", { answers: { "tools/call": `[${answer(text).trim()}]\n` } }],
  [
    "a batch with a notification",
    {
      answers: {
        "tools/call": `[{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}},${answer(text).trim()}]\n`,
      },
    },
  ],
  ["an id that became a text", { answers: { "tools/call": answer(text).replace("$ID", '"$ID"') } }],
  ["no version of JSON-RPC", { answers: { "tools/call": answer(text).replace('"jsonrpc":"2.0",', "") } }],
  ["another version of JSON-RPC", { answers: { "tools/call": answer(text).replace('"2.0"', "2") } }],
  ["keys that the protocol does not know", { answers: { "tools/call": answer(text, ',"took":3,"error":null') } }],
  [
    "a ping with its own id",
    { answers: { "tools/call": `{"jsonrpc":"2.0","id":"ping-1","method":"ping"}\n${answer(text)}` } },
  ],
  ["a ping with id 0", { answers: { "tools/call": `{"jsonrpc":"2.0","id":0,"method":"ping"}\n${answer(text)}` } }],
  [
    "a request with an invalid id",
    { answers: { "tools/call": `{"jsonrpc":"2.0","id":null,"method":"ping"}\n${answer(text)}` } },
  ],
  [
    "questions for roots, sampling and elicitation",
    {
      answers: {
        "notifications/initialized": ["roots/list", "sampling/createMessage", "elicitation/create"]
          .map((method, id) => `{"jsonrpc":"2.0","id":"q${id}","method":"${method}","params":{}}\n`)
          .join(""),
      },
    },
  ],
  [
    "unknown notifications",
    {
      answers: {
        "tools/call": `{"jsonrpc":"2.0","method":"notifications/odd"}\n{"jsonrpc":"2.0","method":"x/y","params":[1]}\n${answer(text)}`,
      },
    },
  ],
  [
    "progress of an unknown request",
    {
      answers: {
        "tools/call": `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"x","progress":1}}\n${answer(text)}`,
      },
    },
  ],
  [
    "an older version",
    greeted({ protocolVersion: "2024-10-07", capabilities: { tools: {} }, serverInfo: { name: "o", version: "1" } }),
  ],
  [
    "a newer version",
    greeted({ protocolVersion: "2031-01-01", capabilities: { tools: {} }, serverInfo: { name: "o", version: "1" } }),
  ],
  ["no capabilities", greeted({ protocolVersion: "2025-06-18", serverInfo: { name: "o", version: "1" } })],
  [
    "empty capabilities",
    greeted({ protocolVersion: "2025-06-18", capabilities: {}, serverInfo: { name: "o", version: "1" } }),
  ],
  [
    "capabilities that are true",
    greeted({ protocolVersion: "2025-06-18", capabilities: { tools: true, logging: null }, serverInfo: { name: "o" } }),
  ],
  ["no server info", greeted({ protocolVersion: "2025-06-18", capabilities: { tools: {} } })],
  ["an empty schema", withSchema({})],
  [
    "a schema with null values",
    withSchema({ type: "object", properties: null, required: null, additionalProperties: null }),
  ],
  [
    "an OpenAPI schema",
    withSchema({ properties: { a: { type: "integer", nullable: true, example: 1, format: "int64" } } }),
  ],
  [
    "a schema of draft 4",
    withSchema({
      $schema: "http://json-schema.org/draft-04/schema#",
      id: "x",
      properties: { a: { type: "number", minimum: 0, exclusiveMinimum: true } },
    }),
  ],
  [
    "a schema with definitions",
    withSchema({ type: "object", properties: { a: { $ref: "#/$defs/A" } }, $defs: { A: { type: "string" } } }),
  ],
  [
    "a schema with a reference to nothing",
    withSchema({ type: "object", properties: { a: { $ref: "#/components/schemas/A" } } }),
  ],
  ["anyOf at the root of a schema", withSchema({ anyOf: [{ required: [] }, { required: ["a"] }] })],
  [
    "conditions in a schema",
    withSchema(
      JSON.parse('{"type":"object","if":{"required":["a"]},"then":{"required":["b"]},"not":{"required":["z"]}}'),
    ),
  ],
  ["an empty cursor", { answers: { "tools/list": answer({ tools: [{ name: "do", inputSchema }], nextCursor: "" }) } }],
  ["a null cursor", { answers: { "tools/list": answer({ tools: [{ name: "do", inputSchema }], nextCursor: null }) } }],
  [
    "a cursor that loops",
    { answers: { "tools/list": answer({ tools: [{ name: "do", inputSchema }], nextCursor: "again" }) } },
  ],
  [
    "two pages",
    {
      answers: {
        "tools/list": [
          answer({ tools: [{ name: "other", inputSchema }], nextCursor: "2" }),
          answer({ tools: [{ name: "do", inputSchema }] }),
        ],
      },
    },
  ],
  ["content that is a text", called({ content: "done" })],
  ["content that is one piece", called({ content: { type: "text", text: "done" } })],
  ["content that is a list of texts", called({ content: ["done"] })],
  ["a piece without a type", called({ content: [{ text: "done" }] })],
  ["structured content only", called({ structuredContent: { ok: "done" } }), '{"ok":"done"}'],
  [
    "null content beside structured content",
    called({ content: null, structuredContent: { ok: "done" } }),
    '{"ok":"done"}',
  ],
  ["an empty structure beside its text", called({ ...text, structuredContent: {} })],
  ["null as structured content", called({ ...text, structuredContent: null })],
  ["a list as structured content", called({ content: [], structuredContent: ["done"] }), '["done"]'],
  ["a result in the format of the first version", called({ toolResult: { ok: "done" } }), '{"ok":"done"}'],
  ["nothing to say", called({ content: [] }), "Done."],
  ["isError of false", called({ ...text, isError: false })],
  [
    "an image",
    called({ content: [{ type: "image", data: base64, mimeType: "image/png" }] }),
    "[image image/png, 3000 bytes]",
  ],
  [
    "an audio",
    called({ content: [{ type: "audio", data: base64, mimeType: "audio/wav" }] }),
    "[audio audio/wav, 3000 bytes]",
  ],
  [
    "a file",
    called({
      content: [{ type: "resource", resource: { uri: "file:///a.pdf", mimeType: "application/pdf", blob: base64 } }],
    }),
    "[file file:///a.pdf application/pdf, 3000 bytes]",
  ],
  ["a text file", called({ content: [{ type: "resource", resource: { uri: "file:///a", text: "done" } }] })],
  ["a link", called({ content: [{ type: "resource_link", name: "a", uri: "file:///a" }] }), "[link a file:///a]"],
  [
    "base64 in structured content",
    called({ content: [], structuredContent: { a: { data: base64 } } }),
    '{"a":{"data":"[data, 3000 bytes]"}}',
  ],
  [
    "base64 in JSON text",
    called({ content: [{ type: "text", text: JSON.stringify({ blob: base64 }) }] }),
    '{"blob":"[data, 3000 bytes]"}',
  ],
  [
    "a data URL",
    called({ content: [{ type: "text", text: `![a](data:image/png;base64,${base64})` }] }),
    "![a]([image/png, 3000 bytes])",
  ],
  [
    "a text for people beside one for models",
    called({
      content: [
        { type: "text", text: "hi", annotations: { audience: ["user"] } },
        { type: "text", text: "done", annotations: { audience: ["assistant"] } },
      ],
    }),
  ],
  [
    "only a text for people",
    called({ content: [{ type: "text", text: "done", annotations: { audience: ["user"] } }] }),
  ],
  [
    "long numbers in structured content",
    {
      answers: {
        "tools/call": `{"jsonrpc":"2.0","id":$ID,"result":{"content":[],"structuredContent":{"10":9007199254740993, "9":1.10,"10":1e999}}}\n`,
      },
    },
    '{"10":9007199254740993,"9":1.10,"10":1e999}',
  ],
  [
    "long numbers in a batch",
    {
      answers: {
        "tools/call": `[{"jsonrpc":"2.0","id":$ID,"result":{"structuredContent":{"a":[9007199254740993]},"content":[]}}]\n`,
      },
    },
    '{"a":[9007199254740993]}',
  ],
  [
    "long numbers in a text",
    called({ content: [{ type: "text", text: '{"a": 9007199254740993}' }] }),
    '{"a":9007199254740993}',
  ],
  [
    "deep structured content",
    {
      answers: {
        "tools/call": `{"jsonrpc":"2.0","id":$ID,"result":{"structuredContent":${'{"a":'.repeat(2000)}1${"}".repeat(2000)}}}\n`,
      },
    },
    '{"a":'.repeat(2000).slice(0, 5000),
  ],
  [
    "deep JSON text",
    called({ content: [{ type: "text", text: "[".repeat(2000) + "]".repeat(2000) }] }),
    "[".repeat(2000) + "]".repeat(2000),
  ],
];

/** Servers whose call fails, with the error message. */
const failing: [title: string, odd: Odd, reason: string][] = [
  [
    "an error without a code",
    { answers: { "tools/call": '{"jsonrpc":"2.0","id":$ID,"error":{"message":"no water"}}\n' } },
    "no water",
  ],
  [
    "an error that is a text",
    { answers: { "tools/call": '{"jsonrpc":"2.0","id":$ID,"error":"no water"}\n' } },
    "no water",
  ],
  [
    "an error with a text as code",
    { answers: { "tools/call": '{"jsonrpc":"2.0","id":$ID,"error":{"code":"E1","message":{"a":"no water"}}}\n' } },
    "no water",
  ],
  [
    "an error without an id",
    { answers: { "tools/call": '{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no water"}}\n' } },
    "no water",
  ],
  ["isError without content", called({ isError: true }), "it does not say why"],
  [
    "isError with structured content only",
    called({ isError: true, structuredContent: { why: "no water" } }),
    "no water",
  ],
  [
    "an incomplete line",
    { answers: { "tools/call": '{"jsonrpc":"2.0","id":$ID,"result":{"content":[{"type":"text","te\n' } },
    'It wrote a line that is not a message: "{\\"jsonrpc',
  ],
  [
    "Python's notation of data",
    { answers: { "tools/call": "{'id': $ID, 'result': None}\n" } },
    "It wrote a line that is not a message: \"{'id'",
  ],
  ["a result of null", { answers: { "tools/call": answer(null) } }, "It wrote a line that is not a message"],
  [
    "an error on stderr",
    { answers: { "tools/call": "Traceback (most recent call last):\n" } },
    'not a message: "Traceback (most recent call last):"',
  ],
];

describe("a server with", () => {
  test.each(some(working))("%s works", async (_, odd, content = "done") => {
    await using house = await opened({ house: server(odd) });
    const found = await house.call("house_do");
    expect([house.notices(), found.outcome, found.content.slice(0, 5000)]).toEqual([
      [],
      "done",
      content.slice(0, 5000),
    ]);
  });

  test.each(some(failing))("%s fails a call with a reason", async (_, odd, reason) => {
    await using house = await opened({ house: server(odd, { timeout_seconds: 2 }) });
    const { outcome, content } = await house.call("house_do");
    expect([outcome, content]).toEqual(["failed", expect.stringContaining(reason)]);
    expect(content.length).toBeLessThan(1000);
  });
});

test("reports a tool without a schema once, and the tool works", async () => {
  for (const absent of [{}, { inputSchema: null }, { inputSchema: true }, { inputSchema: false }]) {
    const tools = ["do", "a", "b", "c", "d", "e"].map((name) => ({ name, ...absent }));
    const odd = { answers: { "tools/list": answer({ tools: [...tools, { name: "known", inputSchema }] }) } };
    await using house = await opened({ house: server(odd) });
    expect((await house.call("house_do")).content).toBe("done");
    expect(house.notices()).toEqual([
      expect.stringContaining(
        'Not checked for the MCP server "house": the arguments of "do", "a", "b", "c", "d", and 1 more, because',
      ),
    ]);
  }
});

test("gives tools with any name on the server a name that engines accept", async () => {
  const names = [
    "a.b",
    "a_b",
    "a/b",
    "x".repeat(64),
    `${"x".repeat(64)}.y`,
    "ä",
    "get weather",
    "x".repeat(128),
    "x".repeat(129),
  ];
  await using house = await opened({ house: server(listed(...names.map((name) => ({ name })), { name: "a.b" })) });
  expect(house.names()).toHaveLength(names.length - 1);
  expect(new Set(house.names()).size).toBe(names.length - 1);
  for (const name of house.names()) expect(name).toMatch(/^house_[\w-]{1,58}$/);
  for (const name of house.names()) expect((await house.call(name)).content).toBe("done");
});

test("passes numbers to a server as the model wrote them", async () => {
  const inputSchema = { type: "object", properties: { n: { type: "number" }, s: { type: "string" } } };
  const odd: Odd = {
    answers: {
      "tools/list": answer({ tools: [{ name: "do", inputSchema }] }),
      "tools/call": '{"jsonrpc":"2.0","id":$ID,"result":{"content":[{"type":"text","text":"<$WRITTEN>"}]}}\n',
    },
  };
  await using house = await opened({ house: server(odd) });
  for (const number of ["9007199254740993", "12345678901234567890", "1e999", "0.12345678901234567890"]) {
    const written = `{"n":${number},"s":"${number}"}`;
    expect((await house.call("house_do", written as never)).content).toBe(`<${written}>`);
  }
});

test("reads any text of a server as messages or ignores it", () => {
  const asked = new Map([["1", { id: 1, method: "tools/call" }]]);
  const key = fc.constantFrom(
    "id",
    "result",
    "error",
    "method",
    "params",
    "structuredContent",
    "content",
    "x",
    "__proto__",
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom(null, 1, "1", -1, 2.5, "structuredContent", "result", true, "", [], {}),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(key, tie("value"), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(value, fc.nat(3), (given, indent) => {
      for (const message of readMessages(JSON.stringify(given, null, indent), asked)) {
        const { id, method, result } = message as {
          id?: unknown;
          method?: unknown;
          result?: { structuredContent?: unknown };
        };
        expect(method !== undefined || typeof id === "string" || typeof id === "number").toBe(true);
        const structured = result?.structuredContent;
        if (structured !== undefined) {
          const source = [given]
            .flat()
            .filter(
              (one) =>
                JSON.stringify((one as { result?: { structuredContent?: unknown } })?.result?.structuredContent) ===
                JSON.stringify(JSON.parse(String(structured))),
            );
          expect(source.length).toBeGreaterThan(0);
        }
        try {
          readResult(result);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }
    }),
    { numRuns: isSoak ? 20_000 : 2000 },
  );
});
