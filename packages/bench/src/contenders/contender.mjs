/**
 * Program that holds a conversation as its own documentation shows it, with a mock of a model that answers at once.
 *
 * @typedef {object} Contender
 * @property {string} title
 * @property {string} how used API, for the report
 * @property {Readonly<Record<string, string>>} packages packages to install, with exact versions
 * @property {readonly string[]} imports imports that a user needs
 * @property {(importPackage: import("../import-from-folder.mjs").Import) => Promise<Talk>} openTurns
 *   answers independent messages
 * @property {((importPackage: import("../import-from-folder.mjs").Import) => Promise<Talk>) | null} openSession
 *   answers the messages of one conversation; null if another contender covers it
 */

/**
 * @typedef {object} Talk
 * @property {(message: string) => Promise<string>} ask
 * @property {() => Held} [held] part of the conversation in memory, if the contender limits it
 */

/** @typedef {{ bytes: number, turns: number, droppedTurns: number }} Held */

/** Most messages of a session in a request: about as many as nanoagent puts into 4,096 tokens of context. */
const WINDOW_MESSAGES = 128;

/**
 * Returns the newest messages of a conversation, which its model sees. No device has room for all of them.
 *
 * @template Message
 * @param {readonly Message[]} messages
 * @returns {Message[]}
 */
export function shownMessages(messages) {
  return messages.slice(-WINDOW_MESSAGES);
}

export const INSTRUCTIONS = "You watch over the pumps of a plant and answer in one sentence.";

/** @param {string} message @returns {string} reply of every mock, as long as that of the rules engine */
export function mockReply(message) {
  return `I received your message of twelve words: ${message}`;
}
