/** Training text for the tokenizers of test models. */
export const TOKENIZER_TEXT = `
A small computer stands in a shed beside the greenhouse. It has one gigabyte of memory, four cores and a card that
holds its files. Every minute it reads the sensors: how warm the air is, how wet the soil is, how much light there is.
When the soil is dry it opens the valve, and when the air is too warm it opens the window. It writes down what it did,
so that the gardener can ask about it later.

The gardener says hello. The computer answers: hello, how can I help you? The gardener asks how warm it was last night.
The computer looks into its journal and answers: it was nine degrees at four in the morning, and the window was closed.
The gardener asks whether the tomatoes have had enough water today. The computer answers that they have had twelve
litres, and that the next watering is at six in the evening.

What does a model need to run here? It needs its weights, which are read from a file; a cache of keys and values, which
grows with the length of the conversation; a buffer to compute in, which grows with the number of tokens that are read
at once; and a little more for the words that it knows. The sum has to be smaller than the memory that the agent may
use. If it is not, then a shorter conversation, a smaller batch or a smaller model will make it fit.

You are a helpful assistant. You answer in short sentences. You use the tools that you are given, and you say so when
you do not know. The answer is a JSON object such as {"name": "valve", "open": true, "litres": 12.5, "when": "18:00"}.
What is the status of the device? The status of the device is OK. Turn the lights on. The lights are on. Thank you.
`;
