import { INSTRUCTIONS, mockReply, shownMessages } from "../contenders/contender.mjs";

/** @type {import("../contenders/contender.mjs").Contender} */
export const xsai = {
  title: "xsai 0.4.4",
  how: "generateText, stub fetch",
  packages: { xsai: "0.4.4" },
  imports: ["xsai"],
  openTurns: async (importPackage) => {
    const { generateText } = await importPackage("xsai");
    return { ask: async (message) => (await generateText(request(message, [system, user(message)]))).text };
  },
  openSession: async (importPackage) => {
    const { generateText } = await importPackage("xsai");
    /** @type {object[]} */
    const messages = [];
    return {
      ask: async (message) => {
        messages.push(user(message));
        const { text } = await generateText(request(message, [system, ...shownMessages(messages)]));
        messages.push({ role: "assistant", content: text });
        return text;
      },
    };
  },
};

const system = { role: "system", content: INSTRUCTIONS };

/** @param {string} content */
function user(content) {
  return { role: "user", content };
}

/** @param {string} message @param {readonly object[]} messages */
function request(message, messages) {
  return {
    baseURL: "http://127.0.0.1/v1/",
    model: "mock",
    messages: [...messages],
    fetch: async () => completion(mockReply(message)),
  };
}

/** @param {string} content */
function completion(content) {
  return Response.json({
    id: "mock",
    object: "chat.completion",
    created: 0,
    model: "mock",
    choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content } }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  });
}
