export const INSTRUCTIONS = "You are a helpful assistant.";

/** First message of every contender, not measured: some read all weights while they load, others at this message. */
export const FIRST_MESSAGE = "Say yes.";

/** Question after the long prompt, whose reply does not quote it. */
export const QUESTION = "What should I think of before I get a dog? Tell me as you would tell a friend.";

const THINGS = [
  "the lamp",
  "the west stairs",
  "the boat house",
  "the signal mast",
  "the store of oil",
  "the lower door",
];
const STATES = ["was cleaned", "needs paint", "let in some water", "was found open", "is to be measured again"];
const WEATHERS = [
  "in fog",
  "before the storm",
  "on a calm evening",
  "at low tide",
  "in a cold wind",
  "under a clear sky",
];

/** Returns a long text without repeated sentences: a page of a log book. @param {number} lines */
export function logBook(lines) {
  const line = (/** @type {number} */ day) =>
    `Day ${day}: ${THINGS[day % THINGS.length]} ${STATES[(day * 3) % STATES.length]} ${WEATHERS[(day * 5 + 1) % WEATHERS.length]}; ` +
    `${(day * 37) % 90} ships passed.`;
  return Array.from({ length: lines }, (_, index) => line(index + 1)).join("\n");
}

/** Formats a message in ChatML, which all models of the bench use. @param {string} message @param {string} [before] */
export function chatMl(message, before = `<|im_start|>system\n${INSTRUCTIONS}<|im_end|>\n`) {
  return `${before}<|im_start|>user\n${message}<|im_end|>\n<|im_start|>assistant\n`;
}
