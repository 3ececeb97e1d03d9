import { INSTRUCTIONS, mockReply, shownMessages } from "../contenders/contender.mjs";

/** @typedef {import("../import-from-folder.mjs").Import} Import */

/** @type {import("../contenders/contender.mjs").Contender} */
export const piAgentCore = {
  title: "pi-agent-core 1.6.0",
  how: "Agent.prompt with a custom streamFn",
  packages: { "@earendil-works/pi-agent-core": "1.6.0" },
  imports: ["@earendil-works/pi-agent-core"],
  openTurns: async (importPackage) => {
    const agent = await openAgent(importPackage);
    return {
      ask: async (message) => {
        agent.reset();
        await agent.prompt(message);
        return lastText(agent);
      },
    };
  },
  openSession: async (importPackage) => {
    const agent = await openAgent(importPackage);
    return {
      ask: async (message) => {
        await agent.prompt(message);
        return lastText(agent);
      },
    };
  },
};

const model = {
  id: "mock",
  name: "mock",
  api: "mock",
  provider: "mock",
  baseUrl: "",
  reasoning: false,
  input: ["text"],
  cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
  contextWindow: 1_000_000,
  maxTokens: 4096,
};

/** @param {Import} importPackage */
async function openAgent(importPackage) {
  const [{ Agent }, { createAssistantMessageEventStream }] = await Promise.all([
    importPackage("@earendil-works/pi-agent-core"),
    importPackage("@earendil-works/pi-ai"),
  ]);
  /** @param {unknown} _model @param {{ messages: any[] }} context */
  const streamFn = (_model, { messages }) => {
    const { content } = messages.at(-1);
    const message = assistantMessage(mockReply(typeof content === "string" ? content : content[0].text));
    const events = createAssistantMessageEventStream();
    events.push({ type: "start", partial: message });
    events.push({ type: "text_start", contentIndex: 0, partial: message });
    events.push({ type: "text_delta", contentIndex: 0, delta: message.content[0]?.text, partial: message });
    events.push({ type: "text_end", contentIndex: 0, content: message.content[0]?.text, partial: message });
    events.push({ type: "done", reason: "stop", message });
    events.end();
    return events;
  };
  const transformContext = async (/** @type {object[]} */ messages) => shownMessages(messages);
  return new Agent({ initialState: { systemPrompt: INSTRUCTIONS, model }, streamFn, transformContext });
}

/** @param {string} text */
function assistantMessage(text) {
  return {
    role: "assistant",
    content: [{ type: "text", text }],
    api: model.api,
    provider: model.provider,
    model: model.id,
    usage: {
      input: 1,
      output: 1,
      cacheRead: 0,
      cacheWrite: 0,
      totalTokens: 2,
      cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, total: 0 },
    },
    stopReason: "stop",
    timestamp: Date.now(),
  };
}

/** @param {{ state: { messages: any[], errorMessage?: string } }} agent */
function lastText({ state }) {
  if (state.errorMessage !== undefined) throw new Error(state.errorMessage);
  return state.messages.at(-1).content[0].text;
}
