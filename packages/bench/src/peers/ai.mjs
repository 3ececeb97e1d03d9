import { INSTRUCTIONS, mockReply } from "../contenders/contender.mjs";

/** @type {import("../contenders/contender.mjs").Contender} */
export const ai = {
  title: "ai 6.0.326",
  how: "generateText, a LanguageModelV3 of one's own",
  packages: { ai: "6.0.326" },
  imports: ["ai"],
  openTurns: async (importPackage) => {
    const { generateText } = await importPackage("ai");
    return {
      ask: async (message) => {
        const { text } = await generateText({
          model: mockModel(message),
          system: INSTRUCTIONS,
          messages: [user(message)],
        });
        return text;
      },
    };
  },
  openSession: async (importPackage) => {
    const { generateText } = await importPackage("ai");
    /** @type {object[]} */
    const messages = [];
    return {
      ask: async (message) => {
        messages.push(user(message));
        const { text, response } = await generateText({ model: mockModel(message), system: INSTRUCTIONS, messages });
        messages.push(...response.messages);
        return text;
      },
    };
  },
};

/** @param {string} content */
function user(content) {
  return { role: "user", content };
}

/** @param {string} message */
function mockModel(message) {
  return {
    specificationVersion: "v3",
    provider: "mock",
    modelId: "mock",
    supportedUrls: {},
    doGenerate: async () => ({
      content: [{ type: "text", text: mockReply(message) }],
      finishReason: { unified: "stop", raw: "stop" },
      usage: {
        inputTokens: { total: 1, noCache: 1, cacheRead: undefined, cacheWrite: undefined },
        outputTokens: { total: 1, text: 1, reasoning: undefined },
      },
      warnings: [],
    }),
  };
}
