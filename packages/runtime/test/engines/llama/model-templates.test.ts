import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { EngineMessage, EngineRequest } from "../../../src/engines/engine.js";
import { type ChatModel, renderChat } from "../../../src/engines/llama/chat-template.js";
import { ModelTemplates } from "../../../src/engines/llama/model-templates.js";
import { templateNotices } from "../../../src/engines/llama/template-notices.js";

const tool = { name: "lamp", description: "Switches a lamp", inputSchema: { type: "object", properties: {} } };
const call = (id: string) => ({ id, name: "lamp", arguments: { on: true } });

/** Renders a conversation with a template that supports tools. */
function renderOwn(own: ChatModel, { instructions, messages, tools = [] }: EngineRequest): string {
  const chat = messages.map(({ role, content, tool_calls, tool_call_id }) => {
    const calls = tool_calls?.map(({ id, name, arguments: input }) => {
      return { id, type: "function" as const, function: { name, arguments: input } };
    });
    const result = tool_call_id === undefined ? {} : { tool_call_id, name: "lamp" };
    return { role, content, ...(calls === undefined ? {} : { tool_calls: calls }), ...result };
  });
  const system = instructions === null ? [] : [{ role: "system", content: instructions }];
  return new ModelTemplates(own).render({ messages: [...system, ...chat], tools });
}

const asked: EngineMessage[] = [{ role: "user", content: "Light, please" }];
const called: EngineMessage[] = [
  ...asked,
  { role: "assistant", content: "", tool_calls: [call("abcdefghi")] },
  { role: "tool", content: '{"done": "yes"}', tool_call_id: "abcdefghi" },
];
const twice: EngineMessage[] = [
  ...asked,
  { role: "assistant", content: "", tool_calls: [call("abcdefghi"), call("bcdefghij")] },
  { role: "tool", content: "one", tool_call_id: "abcdefghi" },
  { role: "tool", content: "two", tool_call_id: "bcdefghij" },
];

function model(chatTemplate: string, others: Partial<ChatModel> = {}): ChatModel {
  return { chatTemplate, bosToken: "<s>", eosToken: "</s>", isControlToken: () => false, ...others };
}

/** Parts of a usual template. A test replaces one. */
const parts = {
  before: "",
  tools: "{% for t in tools or [] %}{{ t.function.name }}: {{ t.function.description }};{% endfor %}",
  system: "<{{ m.role }}>{{ m.content }}",
  content: "{{ m.content }}",
  silent: "{{ m.content }}",
  arguments: "{{ c.function.arguments.items() | list | tojson }}",
  calls: "{% for c in m.tool_calls %}[{{ c.function.name }} ARGUMENTS]{% endfor %}",
  result: "{{ m.content | tojson }}",
  end: "{% if add_generation_prompt %}<assistant>{% endif %}",
};

function templateOf(changes: Partial<typeof parts> = {}): string {
  const { before, tools, system, content, silent, calls, result, end, arguments: input } = { ...parts, ...changes };
  return `${before}${tools}{% for m in messages %}{% if m.role == 'system' %}${system}{% elif m.role == 'tool' %}<tool>${result}{% elif m.tool_calls %}<assistant>${silent}${calls.replace("ARGUMENTS", input)}{% else %}<{{ m.role }}>${content}{% endif %}{% endfor %}${end}`;
}

describe("a template gets its required input format and renders everything", () => {
  const kinds: Record<string, Partial<typeof parts>> = {
    "the usual form": {},
    "no system role": { system: "{{ raise_exception('no system') }}" },
    "a system role that it drops": { system: "" },
    "content in parts": {
      content: "{% for p in m.content %}{{ p.text }}{% endfor %}",
      system: "{{ m.content[0].text }}",
      silent: "",
      result: "{{ m.content[0]['text'] }}",
    },
    "null in place of an empty text": {
      silent: "{% if m.content is not none %}{{ raise_exception('content') }}{% endif %}",
    },
    "arguments as JSON": { arguments: "{{ c.function.arguments + '' }}" },
    "one call for each message": {
      calls:
        "{% if m.tool_calls | length > 1 %}{{ raise_exception('one') }}{% endif %}{% for c in m.tool_calls %}[{{ c.function.name }} ARGUMENTS]{% endfor %}",
    },
    "bare tools": {
      tools:
        "{% for t in tools or [] %}{{ t.name ~ ': ' ~ t.description }}{% if t.function %}{{ raise_exception('bare') }}{% endif %}{% endfor %}",
    },
    "a result as JSON inside JSON": { result: "{{ {'output': m.content | tojson} | tojson }}" },
    "a name of the tool with its result": {
      result: "{% if not m.name or not m.tool_call_id %}{{ raise_exception('name') }}{% endif %}{{ m.content }}",
    },
  };
  const combined = Object.entries(kinds).filter(([name]) => name !== "content in parts");
  test.each(Object.entries(kinds))("that requires %s", (_, changes) => {
    const own = model(templateOf(changes));
    for (const messages of [called, twice]) {
      const text = renderOwn(own, { instructions: "Be brief.", messages, tools: [tool] });
      for (const part of ["Be brief.", "Light, please", "lamp", "Switches a lamp", "true"])
        expect(text).toContain(part);
      expect(text).toMatch(messages === twice ? /one.*two/s : /done/);
    }
    expect(templateNotices({ chatTemplate: own.chatTemplate })).toEqual([]);
  });

  test("that requires several of these at once", () => {
    fc.assert(
      fc.property(fc.subarray(combined, { minLength: 2, maxLength: 4 }), (chosen) => {
        const changes = Object.assign({}, ...chosen.map(([, change]) => change)) as Partial<typeof parts>;
        const own = model(templateOf(changes));
        const text = renderOwn(own, { instructions: "Be brief.", messages: called, tools: [tool] });
        for (const part of ["Be brief.", "Light, please", "lamp", "done"]) expect(text).toContain(part);
      }),
      { numRuns: 30 },
    );
  });

  test("that escapes any texts", () => {
    const own = model(templateOf({ content: "{{ m.content | tojson }}", system: "{{ m.content | tojson }}" }));
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (content) => {
        const { text, failure } = renderChat(own, {
          instructions: content,
          messages: [{ role: "user", content: `x${content}` }],
        });
        expect(failure).toBeNull();
        expect(text.endsWith("<assistant>")).toBe(true);
      }),
    );
  });
});

describe("a template that loses something is reported", () => {
  test.each([
    ["a filter that does not exist", "{{ messages | nosuchfilter }}", /filter "nosuchfilter"/],
    ["broken syntax", "{% for m in messages %}", /endfor.* is missing/],
    ["omitted messages", "{{ messages[-1].content }}", /omits a message/],
    ["messages in another order", "{% for m in messages | reverse %}{{ m.content }}{% endfor %}", /order/],
    ["messages twice", "{% for m in messages %}{{ m.content }}{{ m.content }}{% endfor %}", /twice/],
    ["endless loops", "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", /steps|long/],
  ])("%s", (_, template, reason) => {
    const since = performance.now();
    const [notice, ...others] = templateNotices({ chatTemplate: template });
    expect(others).toEqual([]);
    expect(notice).toMatchObject({ code: "chat-template-fails", message: expect.stringMatching(reason) });
    expect(performance.now() - since).toBeLessThan(15_000);
    const { failure } = renderChat(model(template), { instructions: null, messages: asked });
    expect(failure).toMatch(reason);
  });

  test.each([
    ["tools", { tools: "{% if tools %}{{ tools | nosuchfilter }}{% endif %}" }, /nosuchfilter/],
    ["a tool's result", { result: "" }, /omits a tool's result/],
    ["the arguments of a call", { arguments: "" }, /omits a call/],
    ["the description of a tool", { tools: "{% for t in tools or [] %}{% endfor %}" }, /omits the tools/],
  ])("%s", (_, changes, reason) => {
    const notices = templateNotices({ chatTemplate: templateOf(changes) });
    expect(notices).toMatchObject([{ code: "chat-template-without-tools", message: expect.stringMatching(reason) }]);
  });

  test("but not for tools that it never mentions", () => {
    const template = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}";
    expect(templateNotices({ chatTemplate: template })).toEqual([]);
  });

  test("and a failure of a single conversation is reported with its prompt", () => {
    const template = `{% if messages[-1].content == 'bad' %}{{ raise_exception('bad word') }}{% endif %}${templateOf()}`;
    const own = model(template);
    expect(renderChat(own, { instructions: null, messages: asked }).failure).toBeNull();
    expect(renderChat(own, { instructions: null, messages: [{ role: "user", content: "bad" }] }).failure).toBe(
      "bad word",
    );
  });
});

test("requests with tools use the template for tools", () => {
  const own = model(templateOf({ before: "[plain]", tools: "" }), { toolTemplate: templateOf({ before: "[tools]" }) });
  expect(renderOwn(own, { instructions: null, messages: asked, tools: [tool] })).toMatch(/^\[tools\]/);
  expect(renderOwn(own, { instructions: null, messages: called })).toMatch(/^\[tools\]/);
  expect(renderOwn(own, { instructions: null, messages: asked })).toMatch(/^\[plain\]/);
});

describe("the end of a turn is derived from the template", () => {
  const turns = (end: string, start = "") =>
    `{% for m in messages %}${start}{{ m.role }}\n{{ m.content }}${end}{% endfor %}`;
  test.each([
    [turns("<|turn_over|>\n"), ["<|turn_over|>"]],
    [turns("\n", "<|turn|>"), ["<|turn|>"]],
    [turns("</s>"), []],
    [turns("[/END]"), ["[/END]"]],
    ["{% for m in messages %}### {{ m.role | title }}:\n{{ m.content }}\n\n{% endfor %}", ["\n### User:"]],
    // With reasoning in separate messages, the end of a message is not the end of a turn.
    [`${turns("<|end|>", "<|start|>")}{# <|channel|>analysis<|message|> #}`, []],
  ])("%j", (template, stop) => {
    expect(renderChat(model(template), { instructions: null, messages: asked }).stop).toEqual(stop);
  });
});

describe("thinking", () => {
  const plain = templateOf();
  const switched = (condition: string) => `${plain}{% if ${condition} %}<think></think>{% else %}<think>\n{% endif %}`;
  const none = plain;
  const textFor = (template: string, thinking: "on" | "off" | "auto") =>
    renderChat(model(template, { thinking }), { instructions: "Be brief.", messages: asked });

  test.each([
    ["enable_thinking", "enable_thinking is defined and not enable_thinking"],
    ["thinking", "thinking is defined and not thinking"],
    ["a budget", "thinking_budget is defined and thinking_budget == 0"],
    ["a keyword in the instructions", "'/no_think' in messages[0].content"],
    ["a sentence in the instructions", "'detailed thinking off' in messages[0].content"],
  ])("is switched by %s, and detected in the prompt", (_, condition) => {
    const template = switched(condition);
    expect(textFor(template, "off")).toMatchObject({ opensThought: false, text: expect.stringMatching(/<\/think>$/) });
    expect(textFor(template, "on").opensThought).toBe(true);
    expect(textFor(template, "auto").opensThought).toBe(true);
    for (const thinking of ["off", "on", "auto"] as const) {
      expect(templateNotices({ chatTemplate: template, thinking })).toEqual([]);
    }
  });

  test("cannot be switched if the template has no switch, which is reported", () => {
    for (const thinking of ["off", "on"] as const) {
      expect(textFor(none, thinking).text).toBe(textFor(none, "auto").text);
      expect(templateNotices({ chatTemplate: none, thinking })).toMatchObject([{ code: "thinking-not-switched" }]);
    }
  });

  test("that can only be shortened is shortened, which is reported", () => {
    const template = `Effort: {{ reasoning_effort or 'medium' }}${plain}`;
    expect(textFor(template, "off").text).toMatch(/^Effort: low/);
    expect(templateNotices({ chatTemplate: template, thinking: "off" })).toMatchObject([
      { code: "thinking-not-switched" },
    ]);
  });
});

test("a kind of conversation is probed once, within a bounded time", () => {
  const slow = "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}";
  const templates = new ModelTemplates({ chatTemplate: slow, bosToken: "", eosToken: "" });
  const kind = {
    hasInstructions: true,
    hasTools: true,
    calls: 2,
    saysBesideCalls: true,
    endsWithResult: false,
  } as const;
  const since = performance.now();
  expect(() => templates.plan(kind)).toThrow();
  const first = performance.now() - since;
  expect(first).toBeLessThan(10_000);
  expect(() => templates.plan(kind)).toThrow();
  expect(performance.now() - since - first).toBeLessThan(first / 2);
});
