/**
 * Something that holds a conversation, in the way its own documentation does it and with nothing behind it but a mock
 * of a model that answers at once.
 *
 * @typedef {object} Contender
 * @property {string} title
 * @property {string} how what of it is used, for the reader of the report
 * @property {Readonly<Record<string, string>>} packages what a user would install, at exactly which version
 * @property {readonly string[]} imports what a user would import
 * @property {(importPackage: import("../import-from-folder.mjs").Import) => Promise<Talk>} openTurns
 *   answers messages that have nothing to do with each other
 * @property {((importPackage: import("../import-from-folder.mjs").Import) => Promise<Talk>) | null} openSession
 *   answers the messages of one conversation; null where that is measured under another name
 */

/**
 * @typedef {object} Talk
 * @property {(message: string) => Promise<string>} ask
 * @property {() => Held} [held] what of the conversation is in memory, where the contender bounds it
 */

/** @typedef {{ bytes: number, turns: number, droppedTurns: number }} Held */

/** Most messages that a model is shown of a session: about what nanoagent shows to one with 4,096 tokens of context. */
const WINDOW_MESSAGES = 128;

/**
 * The newest messages of a conversation, which are what its model is shown: no device has room for all of them.
 *
 * @template Message
 * @param {readonly Message[]} messages
 * @returns {Message[]}
 */
export function shownMessages(messages) {
  return messages.slice(-WINDOW_MESSAGES);
}

export const INSTRUCTIONS = "You watch over the pumps of a plant and answer in one sentence.";

/** @param {string} message @returns {string} the reply of every mock, as long as that of the rules engine */
export function mockReply(message) {
  return `I received your message of twelve words: ${message}`;
}
