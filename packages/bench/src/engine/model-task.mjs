/**
 * What every contender has to do with the model.
 *
 * @typedef {object} ModelTask
 * @property {string} modelPath
 * @property {number} contextTokens
 * @property {number} batchTokens
 * @property {number} threads
 * @property {string} shortPrompt the first thing it is asked, as soon as it is loaded
 * @property {string} prompt
 * @property {number} replyTokens
 * @property {() => void} [onFirstToken] called when the reply to the first thing begins
 */

const SENTENCE = "The keeper of the lighthouse wrote down the wind, the tide and every ship that passed. ";

/** @param {string} modelPath @returns {ModelTask} */
export function modelTask(modelPath) {
  return {
    modelPath,
    contextTokens: 2048,
    batchTokens: 64,
    // More threads than free cores wait for each other: with one, the figures are those of the code.
    threads: 1,
    shortPrompt: "Go on.",
    prompt: SENTENCE.repeat(20),
    replyTokens: 48,
  };
}

/** A conversation of about a thousand tokens. */
export const longConversation = SENTENCE.repeat(55);
