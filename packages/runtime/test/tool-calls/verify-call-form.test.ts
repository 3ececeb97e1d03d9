import { describe, expect, test } from "vitest";
import { type ChatModel, learnCallForm } from "../../src/engines/llama/chat-template.js";
import { templates } from "./family-templates.js";

const modelOf = (chatTemplate: string): ChatModel => ({
  chatTemplate,
  bosToken: "<s>",
  eosToken: "</s>",
  isControlToken: () => false,
});

describe("verifying the form of a call with the template", () => {
  test.each(templates)("$family", ({ template, form: wanted }) => {
    const { form, reason } = learnCallForm(modelOf(template));
    if (wanted === null) {
      expect(form).toBeNull();
      expect(reason).not.toBe("");
    } else {
      const { rendering, notation, ...parts } = form ?? ({} as never);
      void rendering;
      void notation;
      expect(parts).toEqual(wanted);
    }
  });
});
