/**
 * Task of every contender.
 *
 * @typedef {object} ModelTask
 * @property {string} modelPath
 * @property {number} contextTokens
 * @property {number} batchTokens
 * @property {number} threads
 * @property {string} shortPrompt first prompt after loading
 * @property {string} prompt
 * @property {string} [question] text after the prompt, before the measured reply
 * @property {number} replyTokens
 * @property {number} [mostMilliseconds] time limit for reading, and for writing; work up to then counts
 */

/** @typedef {{ tokens: number, cpu_ms: number, wall_ms: number }} Work tokens of a piece of work, and its time */

const SENTENCE = "The keeper of the lighthouse wrote down the wind, the tide and every ship that passed. ";

/** @param {string} modelPath @returns {ModelTask} */
export function modelTask(modelPath) {
  return {
    modelPath,
    contextTokens: 2048,
    batchTokens: 64,
    // More threads than free cores wait for each other. With one thread, only the code counts.
    threads: 1,
    shortPrompt: "Go on.",
    prompt: SENTENCE.repeat(20),
    replyTokens: 48,
  };
}

/** A conversation of about a thousand tokens. */
export const longConversation = SENTENCE.repeat(55);
