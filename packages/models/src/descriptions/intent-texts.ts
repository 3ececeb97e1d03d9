import type { KeyTexts } from "./key-texts.js";

export const intentTexts: KeyTexts = {
  "": {
    description: "Sentences that are answered at once, without a model. Every other message goes to the engine.",
    examples: [
      {
        slots: { minutes: { from: 1, to: 60 } },
        definitions: [
          { name: "timer", sentences: ["set a timer for {minutes} minutes"], answer: "{minutes} minutes." },
        ],
      },
    ],
  },
  slots: {
    description:
      "Values that a `{name}` in a sentence can have, by name. A slot is a list of values, a range of numbers (`{ " +
      "from: 1, to: 60 }`), or `text` for any words. All intents share the slots.",
    examples: [{ zone: ["north", "south"], minutes: { from: 1, to: 60 }, note: "text" }],
  },
  "slots.*[].value": "Value of the slot that tools and answers get.",
  "slots.*[].say": {
    description: "Words that people say for the value: a list, or a list for each language.",
    examples: [["south", "sunny side"], { en: ["south"], de: ["Süden"] }],
  },
  "slots.*.from": "Smallest number.",
  "slots.*.to": "Largest number.",
  "slots.*.step": { description: "Distance between numbers, counted from `from`.", default: 1, examples: [0.5] },
  definitions: "Intents: what people say, and the tool or answer for it.",
  "definitions[].name": {
    description: "Name of the intent in messages and logs.",
    examples: ["water"],
  },
  "definitions[].sentences": {
    description:
      "Sentence templates with `[optional words]`, `(one|other)` and `{slot}`: a list for every language, or a list " +
      "for each language. The whole message must match; case and punctuation do not count.",
    examples: [
      ["water [the] {zone} [for {minutes} minutes]"],
      { en: ["(water|irrigate) {zone}"], de: ["{zone} gießen"] },
    ],
  },
  "definitions[].tool": {
    description: "Tool to call: a name from `tools`, or SERVER_TOOL for a tool of an MCP server. Default: only answer.",
    examples: ["valve", "garden_read_soil"],
  },
  "definitions[].arguments": {
    description: 'Arguments of the tool. `"{zone}"` is the value of a slot. Default: every slot, under its own name.',
    examples: [{ zone: "{zone}", minutes: "{minutes}" }],
  },
  "definitions[].defaults": {
    description: "Values of slots that the message does not name.",
    examples: [{ minutes: 5 }],
  },
  "definitions[].answer": {
    description:
      "Reply, as text or as text for each language. It can use `{slot}`, `{result}`, `{result.key}` and `[parts " +
      "that are left out when a value is missing]`. Default: the result of the tool.",
    examples: ["Watering {zone}.", { en: "It is {result}.", de: "Es ist {result}." }],
  },
  "definitions[].failure": {
    description: "Reply when the tool fails, with `{slot}` and `{error}`. Default: the error.",
    examples: ["That did not work: {error}"],
  },
  fallback: {
    description:
      "Reply of an agent without a model to a message that no sentence matches: text, or text for each language. " +
      "Default: a sentence that names the intents.",
    examples: ["Ask me about the garden."],
  },
};
