import { INSTRUCTIONS, mockReply, shownMessages } from "../contenders/contender.mjs";

/** @typedef {import("../import-from-folder.mjs").Import} Import */

/** @type {import("../contenders/contender.mjs").Contender} */
export const langgraph = {
  title: "langgraph 1.7.3",
  how: "createReactAgent (+ MemorySaver), FakeListChatModel",
  packages: { "@langchain/core": "1.4.0", "@langchain/langgraph": "1.7.3" },
  imports: ["@langchain/langgraph", "@langchain/langgraph/prebuilt"],
  openTurns: async (importPackage) => openAgent(importPackage, {}, {}),
  openSession: async (importPackage) => {
    const { MemorySaver } = await importPackage("@langchain/langgraph");
    const preModelHook = (/** @type {{ messages: object[] }} */ { messages }) => ({
      llmInputMessages: shownMessages(messages),
    });
    return openAgent(
      importPackage,
      { checkpointer: new MemorySaver(), preModelHook },
      { configurable: { thread_id: "bench" } },
    );
  },
};

/** @param {Import} importPackage @param {object} agentOptions @param {object} turnOptions */
async function openAgent(importPackage, agentOptions, turnOptions) {
  const [{ createReactAgent }, { FakeListChatModel }] = await Promise.all([
    importPackage("@langchain/langgraph/prebuilt"),
    importPackage("@langchain/core/utils/testing"),
  ]);
  // The agent copies the model; the copies share this list.
  const responses = [""];
  const llm = new FakeListChatModel({ responses });
  const agent = createReactAgent({ llm, tools: [], prompt: INSTRUCTIONS, ...agentOptions });
  return {
    ask: async (/** @type {string} */ message) => {
      responses[0] = mockReply(message);
      const { messages } = await agent.invoke({ messages: [{ role: "user", content: message }] }, turnOptions);
      return messages.at(-1).content;
    },
  };
}
