/** An engine that says a word as often as it is told to: what comes of its process costs nothing to make. */
export function openEngine(/** @type {{ events: number }} */ { events }) {
  return {
    name: "talkative",
    contextTokens: null,
    countTokens: () => 1,
    close: async () => {},
    async *generate() {
      for (let count = 0; count < events; count++) {
        yield { type: "text-delta", text: "word " };
        // As between tokens: each goes out by itself.
        await new Promise((resolve) => setImmediate(resolve));
      }
      yield { type: "end", reason: "stop" };
    },
  };
}
