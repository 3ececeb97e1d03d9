/** Returns a generator of numbers from 0 to below 1, equal for equal seeds on every machine. Not for secrets. */
export function seededRandom(seed: number): () => number {
  // A Weyl sequence through a 32-bit mixer: each step adds the bits of the golden ratio, and the mixer spreads them.
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x45d9f3b5);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x2c1b3c6d);
    mixed ^= mixed >>> 16;
    return (mixed >>> 0) / 2 ** 32;
  };
}
