import { INSTRUCTIONS, mockReply, shownMessages } from "./contender.mjs";

/** Lower bound: a loop without a framework. @type {import("./contender.mjs").Contender} */
export const handWrittenLoop = {
  title: "hand-written loop",
  how: "a list of messages and an async function",
  packages: {},
  imports: [],
  openTurns: async () => ({ ask: (message) => converse([system()], message) }),
  openSession: async () => {
    const messages = [system()];
    return { ask: (message) => converse(messages, message) };
  },
};

/** @typedef {{ role: string, content: string, timestamp: string }} Message */

/** @returns {Message} */
function system() {
  return { role: "system", content: INSTRUCTIONS, timestamp: now() };
}

/** @param {Message[]} messages @param {string} message */
async function converse(messages, message) {
  messages.push({ role: "user", content: message, timestamp: now() });
  const reply = await model(shownMessages(messages));
  messages.push({ role: "assistant", content: reply, timestamp: now() });
  return reply;
}

/** @param {readonly Message[]} messages */
async function model(messages) {
  return mockReply(messages.at(-1)?.content ?? "");
}

function now() {
  return new Date().toISOString();
}
