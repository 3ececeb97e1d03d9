/** Engine that emits a word a given number of times, so that only the transport of its events costs time. */
export function openEngine(/** @type {{ events: number }} */ { events }) {
  return {
    name: "talkative",
    contextTokens: null,
    countTokens: () => 1,
    close: async () => {},
    async *generate() {
      for (let count = 0; count < events; count++) {
        yield { type: "text-delta", text: "word " };
        // As between tokens, so that each event is sent separately.
        await new Promise((resolve) => setImmediate(resolve));
      }
      yield { type: "end", reason: "stop" };
    },
  };
}
