import { INSTRUCTIONS, mockReply, shownMessages } from "../contenders/contender.mjs";

/** @type {import("../contenders/contender.mjs").Contender} */
export const ai = {
  title: "ai 7.0.173",
  how: "generateText with a custom LanguageModelV4",
  packages: { ai: "7.0.173" },
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
        const { text, response } = await generateText({
          model: mockModel(message),
          system: INSTRUCTIONS,
          messages: shownMessages(messages),
        });
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
    specificationVersion: "v4",
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
