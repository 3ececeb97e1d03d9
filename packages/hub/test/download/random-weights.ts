/** Returns bytes that do not repeat, and begin as a GGUF file does. */
export function randomWeights(bytes: number, seed = 1): Buffer {
  const contents = Buffer.alloc(bytes);
  let state = seed >>> 0;
  for (let at = 0; at + 4 <= bytes; at += 4) {
    // Numbers of a linear congruential generator.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    contents.writeUInt32LE(state, at);
  }
  contents.write("GGUF", 0, "latin1");
  return contents;
}
