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
 * @property {string} [question] what is read behind the prompt, before the reply that is measured
 * @property {number} replyTokens
 * @property {number} [mostMilliseconds] of reading, and of writing: whoever is not done by then is measured so far
 */

/** @typedef {{ tokens: number, cpu_ms: number, wall_ms: number }} Work a piece of work, and what it took */

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
