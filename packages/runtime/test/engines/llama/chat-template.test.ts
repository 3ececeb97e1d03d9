import { describe, expect, test } from "vitest";
import type { EngineMessage } from "../../../src/engines/engine.js";
import { type ChatModel, renderChat } from "../../../src/engines/llama/chat-template.js";

const messages: EngineMessage[] = [
  { role: "user", content: "hello" },
  { role: "assistant", content: "Hi." },
  { role: "user", content: "how dry is bed 3" },
];
const request = { instructions: "Be brief.", messages };

function model(controlToken: string | null, chatTemplate: string | null = null): ChatModel {
  return { chatTemplate, bosToken: "<s>", eosToken: "</s>", isControlToken: (text) => text === controlToken };
}

describe("the model's own template", () => {
  const chatml =
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

  test("renders the conversation", () => {
    expect(renderChat(model(null, chatml), request).text).toBe(
      "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\nHi.<|im_end|>\n<|im_start|>user\nhow dry is bed 3<|im_end|>\n<|im_start|>assistant\n",
    );
  });

  test("that rejects a system message gets it before the first message", () => {
    const strict =
      "{% for message in messages %}{% if message.role == 'system' %}{{ raise_exception('no') }}{% endif %}[{{ message.content }}]{% endfor %}";
    expect(renderChat(model(null, strict), request).text).toBe("[Be brief.\n\nhello][Hi.][how dry is bed 3]");
  });

  test.each(["{% for", "{{ nothing.of.this }}", "{{ raise_exception('never') }}", "a fixed text", "{% include 'x' %}"])(
    "that is broken is replaced by the family's format: %s",
    (template) => {
      const { text, stop } = renderChat(model("<|im_start|>", template), request);
      expect(text).toMatch(/^<\|im_start\|>system\nBe brief\..*<\|im_start\|>assistant\n$/s);
      expect(stop).toEqual(["<|im_end|>"]);
    },
  );
});

describe("without a template, the format of the model family", () => {
  const chats: Record<string, string> = {
    "<|im_start|>":
      "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\nHi.<|im_end|>\n<|im_start|>user\nhow dry is bed 3<|im_end|>\n<|im_start|>assistant\n",
    "<|start_header_id|>":
      "<s><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nhello<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nHi.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nhow dry is bed 3<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
    "<start_of_turn>":
      "<s><start_of_turn>user\nBe brief.\n\nhello<end_of_turn>\n<start_of_turn>model\nHi.<end_of_turn>\n<start_of_turn>user\nhow dry is bed 3<end_of_turn>\n<start_of_turn>model\n",
    "<|end|>":
      "<|system|>\nBe brief.<|end|>\n<|user|>\nhello<|end|>\n<|assistant|>\nHi.<|end|>\n<|user|>\nhow dry is bed 3<|end|>\n<|assistant|>\n",
    "[INST]": "<s>[INST] Be brief.\n\nhello [/INST] Hi.</s>[INST] how dry is bed 3 [/INST]",
  };
  test.each(Object.entries(chats))("%s", (token, text) => expect(renderChat(model(token), request).text).toBe(text));

  test("with unknown control tokens is a list of names and messages", () => {
    expect(renderChat(model(null), request)).toMatchObject({
      text: "System: Be brief.\nUser: hello\nAssistant: Hi.\nUser: how dry is bed 3\nAssistant:",
      stop: ["\nUser:"],
    });
  });
});

test("calls and results of tools are part of the conversation", () => {
  const { text } = renderChat(model("<|im_start|>"), {
    instructions: null,
    messages: [
      ...messages,
      { role: "assistant", content: "", tool_calls: [{ id: "1", name: "moisture", arguments: { bed: 3 } }] },
      { role: "tool", content: "12 %", tool_call_id: "1" },
    ],
  });
  expect(text).toContain('<|im_start|>assistant\n"how dry is bed 3" -> moisture {"bed":3}<|im_end|>');
  expect(text).toContain("<|im_start|>user\nResult of moisture: 12 %<|im_end|>");
});
