import { describe, expect, test } from "vitest";
import type { EngineMessage, EngineRequest } from "../../src/engines/engine.js";
import { type ChatModel, learnCallForm, renderChat } from "../../src/engines/llama/chat-template.js";
import type { CallForm } from "../../src/tool-calls/call-form.js";

const model = (chatTemplate: string): ChatModel => ({
  chatTemplate,
  bosToken: "<s>",
  eosToken: "</s>",
  isControlToken: () => false,
});

const chat = (call: string, tools = "{{ tools | tojson }}") =>
  `{% if tools %}[system]${tools}[/system]{% endif %}{% for message in messages %}[{{ message.role }}]{{ message.content }}{% if message.tool_calls %}{% for call in message.tool_calls %}${call}{% endfor %}{% endif %}</s>{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}`;

/** Templates as the families write them. */
const families: Record<string, { template: string; form: CallForm }> = {
  "tags around JSON": {
    template: chat(
      '\n<tool_call>\n{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}\n</tool_call>',
    ),
    form: {
      mark: "<tool_call>",
      before: '<tool_call>\n{"name": "',
      between: '", "arguments": ',
      after: "}\n</tool_call>",
    },
  },
  "bare JSON with parameters": {
    template: chat('{"name": "{{ call.function.name }}", "parameters": {{ call.function.arguments | tojson }}}'),
    form: { mark: '{"name": "', before: '{"name": "', between: '", "parameters": ', after: "}" },
  },
  "a list behind a token": {
    template: chat(
      '[TOOL_CALLS][{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}, "id": "{{ call.id }}"}]',
    ),
    form: {
      mark: "[TOOL_CALLS]",
      before: '[TOOL_CALLS][{"name": "',
      between: '", "arguments": ',
      after: ', "id": "abc123def"}]',
    },
  },
};

describe("how a template writes calls is read off it", () => {
  test.each(Object.entries(families))("%s", (_, { template, form }) => {
    expect(learnCallForm(model(template))).toEqual(form);
  });

  test.each([
    ["knows no tools", "{% for message in messages %}{{ message.content }}{% endfor %}"],
    ["leaves calls out", chat("")],
    ["leaves the arguments out", chat("<tool_call>{{ call.function.name }}</tool_call>")],
    ["is told of no tool", chat("<c>{{ call.function.name }}{{ call.function.arguments | tojson }}", "tools")],
    ["throws", `${chat("")}{{ raise_exception('tools') }}`],
    ["is broken", "{% tools"],
  ])("one that %s writes none", (_, template) => {
    expect(learnCallForm(model(template))).toBeNull();
  });
});

describe("a conversation with tools", () => {
  const tools: EngineRequest["tools"] = [
    {
      name: "water",
      description: "Waters a bed.",
      inputSchema: {
        type: "object",
        properties: { bed: { enum: ["north", "south"] }, minutes: { type: "integer" } },
        required: ["bed"],
      },
    },
  ];
  const asked: EngineMessage[] = [{ role: "user", content: 'water the "north"' }];
  const call = { id: "abc123def", name: "water", arguments: { bed: "north" } };
  const answered: EngineMessage[] = [
    ...asked,
    { role: "assistant", content: "", tool_calls: [call] },
    { role: "tool", content: "Done.", tool_call_id: call.id },
  ];
  const { template = "", form } = families["tags around JSON"] ?? {};

  test("is the template's where that knows them", () => {
    const own = { ...model(template), callForm: form };
    const { text, calling } = renderChat(own, { instructions: "Be brief.", messages: answered, tools });
    expect(calling).toEqual({ kind: "own-form", form });
    expect(text).toContain('"name": "water"');
    expect(text).toContain(
      '[assistant]<tool_call>\n{"name": "water", "arguments": {"bed": "north"}}\n</tool_call></s>[tool]Done.</s>',
    );
    expect(renderChat(own, { instructions: null, messages: answered }).calling).toBeNull();
  });

  test("is in plain words where it does not, and the model is asked for its choice once for each message", () => {
    const plain = model(chat("").replace("{% if tools %}", "{% if false %}"));
    const first = renderChat(plain, { instructions: "Be brief.", messages: asked, tools });
    expect(first.text).toBe(
      '[system]Be brief.\n\nTools:\n"Waters a bed" -> water {"bed": "north"|"south", "minutes"?: integer}\n"Anything else" -> none</s>[user]water the "north"</s>[assistant]',
    );
    expect(first.calling).toEqual({ kind: "choice", lead: '"water the \\"north\\"" ->' });
    const second = renderChat(plain, { instructions: "Be brief.", messages: answered, tools });
    expect(second.calling).toBeNull();
    expect(second.text).toBe(
      `${first.text}"water the \\"north\\"" -> water {"bed":"north"}</s>[user]Result of water: Done.</s>[assistant]`,
    );
  });

  test("has the same bytes for the same tools, whatever was said since", () => {
    const plain = model(chat("").replace("{% if tools %}", "{% if false %}"));
    for (const some of [plain, { ...model(template), callForm: form }]) {
      const render = (messages: EngineMessage[]) => renderChat(some, { instructions: null, messages, tools }).text;
      const later = [...answered, { role: "assistant", content: "Watered." }, { role: "user", content: "thanks" }];
      const before = render(answered);
      expect(render(later as EngineMessage[]).startsWith(before)).toBe(true);
    }
  });
});
