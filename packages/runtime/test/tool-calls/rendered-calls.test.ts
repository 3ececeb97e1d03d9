import { describe, expect, test } from "vitest";
import type { EngineMessage, EngineRequest } from "../../src/engines/engine.js";
import { type ChatModel, learnCallForm, renderChat } from "../../src/engines/llama/chat-template.js";

const model = (chatTemplate: string): ChatModel => ({
  chatTemplate,
  bosToken: "<s>",
  eosToken: "</s>",
  isControlToken: () => false,
});

const chat = (call: string, tools = "{{ tools | tojson }}") =>
  `{% if tools %}[system]${tools}[/system]{% endif %}{% for message in messages %}[{{ message.role }}]{{ message.content }}{% if message.tool_calls %}{% for call in message.tool_calls %}${call}{% endfor %}{% endif %}</s>{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}`;

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
  const template = chat(
    '\n<tool_call>\n{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}\n</tool_call>',
  );
  const { form } = learnCallForm(model(template));

  test("is rendered by the template where that supports tools", () => {
    const own = { ...model(template), callForm: form };
    const { text, calling } = renderChat(own, { instructions: "Be brief.", messages: answered, tools });
    expect(calling).toEqual({ kind: "own-form", form });
    expect(text).toContain('"name": "water"');
    expect(text).toContain(
      '[assistant]<tool_call>\n{"name": "water", "arguments": {"bed": "north"}}\n</tool_call></s>[tool]Done.</s>',
    );
    expect(renderChat(own, { instructions: null, messages: answered }).calling).toBeNull();
  });

  test("otherwise lists the tools in the text and asks the model to choose once per message", () => {
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

  test("has the same bytes for the same tools, whatever follows", () => {
    const plain = model(chat("").replace("{% if tools %}", "{% if false %}"));
    for (const some of [plain, { ...model(template), callForm: form }]) {
      const render = (messages: EngineMessage[]) => renderChat(some, { instructions: null, messages, tools }).text;
      const later = [...answered, { role: "assistant", content: "Watered." }, { role: "user", content: "thanks" }];
      const before = render(answered);
      expect(render(later as EngineMessage[]).startsWith(before)).toBe(true);
    }
  });
});
