import { NanoAgentError } from "@nanoagent/models";
import { openOpenAiCompatibleEngine } from "@nanoagent/runtime/engines/openai-compatible";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { anyText } from "../../../../../scripts/any-text.js";
import { ToolCallAssembler } from "../../../src/engines/openai-compatible/chat/tool-call-assembler.js";
import { startServer } from "./fake-server.js";
import { ask, collect, replying } from "./open-engine.js";

const piece = (args: fc.Arbitrary<unknown>) =>
  fc.record(
    {
      index: fc.oneof(fc.nat(3), fc.jsonValue()),
      id: fc.oneof(fc.constantFrom("a", "b", ""), fc.jsonValue()),
      function: fc.oneof(
        fc.record({ name: fc.oneof(fc.string(), fc.jsonValue()), arguments: args }, { requiredKeys: [] }),
        fc.jsonValue(),
      ),
    },
    { requiredKeys: [] },
  );

const chunk = fc.oneof(
  fc.jsonValue(),
  fc.record({
    choices: fc.array(
      fc.record(
        {
          index: fc.constantFrom(0, 1, null),
          delta: fc.oneof(
            fc.record(
              {
                content: fc.oneof(anyText(), fc.constantFrom("<think>", "</think>", null)),
                reasoning_content: fc.oneof(fc.string(), fc.jsonValue()),
                tool_calls: fc.array(piece(fc.oneof(fc.string(), fc.jsonValue())), { maxLength: 3 }),
              },
              { requiredKeys: [] },
            ),
            fc.jsonValue(),
          ),
          finish_reason: fc.constantFrom(null, "stop", "length", "tool_calls", "error", "__proto__", 7),
        },
        { requiredKeys: [] },
      ),
      { maxLength: 2 },
    ),
    usage: fc.oneof(fc.record({ prompt_tokens: fc.integer(), completion_tokens: fc.double() }), fc.jsonValue()),
  }),
);

const line = fc.oneof(
  chunk.map((value) => `data: ${JSON.stringify(value)}\n\n`),
  fc.constantFrom("data: [DONE]\n\n", ": ping\n\n", "event: error\n", "\n", "data: {", '{"error":"boom"}\n\n'),
);

test("any stream becomes events of the contract and then one end", async () => {
  let stream = "";
  const server = await startServer(
    replying((_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(stream);
    }),
  );
  const engine = await openOpenAiCompatibleEngine({ url: server.url });
  onTestFinished(() => engine.close());
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 12 }), async (lines) => {
      stream = lines.join("");
      const events = await collect(engine.generate(ask("hi")));
      const types = events.map(({ type }) => type);
      expect(types.filter((type) => type === "end" || type === "error")).toEqual([types.at(-1)]);
      expect(types.filter((type) => type === "usage").length).toBeLessThanOrEqual(1);
      const ids = events.flatMap((event) => (event.type === "tool-call" ? [event.call.id] : []));
      expect(new Set(ids).size).toBe(ids.length);
      for (const event of events) {
        if (event.type === "text-delta" || event.type === "reasoning-delta") expect(event.text).not.toBe("");
        if (event.type === "usage") {
          for (const figure of Object.values(event.usage))
            expect(Number.isSafeInteger(figure) && figure >= 0).toBe(true);
        }
        if (event.type === "tool-call") expect(typeof event.call.name).toBe("string");
        if (event.type === "error") {
          expect(NanoAgentError.isInstance(event.error)).toBe(true);
          expect(event.error.code).not.toBe("engine-failed");
        }
      }
    }),
  );
});

test("tool calls are the same however their pieces are split and mixed", () => {
  const call = fc.record({ id: fc.uuid(), name: fc.string({ minLength: 1 }), arguments: fc.jsonValue() });
  fc.assert(
    fc.property(
      fc.uniqueArray(call, { selector: ({ id }) => id, maxLength: 5 }),
      fc.infiniteStream(fc.nat()),
      (calls, random) => {
        const next = () => random.next().value as number;
        const waiting = calls.map(({ id, name, arguments: value }, index) => {
          const text = JSON.stringify(value);
          const cut = next() % (text.length + 1);
          return [
            { index, id, name, arguments: text.slice(0, cut) },
            { index, id: null, name: null, arguments: text.slice(cut) },
          ];
        });
        const assembler = new ToolCallAssembler(() => "never");
        while (waiting.some((pieces) => pieces.length > 0)) {
          const part = waiting[next() % waiting.length]?.shift();
          if (part !== undefined) assembler.push(part);
        }
        // JSON has no -0, and null means no arguments.
        const sent = JSON.parse(JSON.stringify(calls)) as typeof calls;
        expect(assembler.finish()).toEqual(sent.map((call) => ({ ...call, arguments: call.arguments ?? {} })));
      },
    ),
  );
});
