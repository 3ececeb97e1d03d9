import fc from "fast-check";

/** Values that typically cause overflows when read as lengths or counts. */
const INTERESTING = [
  0n,
  1n,
  31n,
  255n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 53n,
  2n ** 62n,
  2n ** 63n,
  2n ** 64n - 1n,
];

type Mutation = (bytes: Uint8Array, place: number, value: number) => Uint8Array;

const mutations: readonly Mutation[] = [
  (bytes, place, value) => changed(bytes, (copy) => copy.set([(copy[place] ?? 0) ^ (1 << (value % 8))], place)),
  (bytes, place, value) => changed(bytes, (copy) => copy.set([value], place)),
  (bytes, place, value) =>
    changed(bytes, (copy) => {
      if (place + 8 > copy.length) return;
      const interesting = INTERESTING[value % INTERESTING.length] ?? 0n;
      new DataView(copy.buffer).setBigUint64(place, interesting, value % 2 === 0);
    }),
  (bytes, place, value) =>
    Buffer.concat([bytes.subarray(0, place), Buffer.alloc(1 + (value % 16), value), bytes.subarray(place)]),
  (bytes, place, value) => Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + 1 + (value % 64))]),
  (bytes, place) => bytes.subarray(0, place),
  (bytes, place, value) =>
    Buffer.concat([bytes.subarray(0, place), bytes.subarray(Math.max(0, place - value)), bytes.subarray(place)]),
];

function changed(bytes: Uint8Array, change: (copy: Uint8Array) => void): Uint8Array {
  const copy = Uint8Array.from(bytes);
  if (copy.length > 0) change(copy);
  return copy;
}

/** One mutation with its position and value. */
export interface MutationStep {
  which: number;
  at: number;
  value: number;
}

/** Up to three consecutive mutations. */
export const mutationSteps: fc.Arbitrary<MutationStep[]> = fc.array(
  fc.record({ which: fc.nat(), at: fc.nat({ max: 2 ** 30 }), value: fc.nat({ max: 255 }) }),
  { minLength: 1, maxLength: 3 },
);

export function mutate(original: Uint8Array, steps: readonly MutationStep[]): Uint8Array {
  let bytes = original;
  for (const { which, at, value } of steps) {
    bytes = mutations[which % mutations.length]?.(bytes, at % Math.max(1, bytes.length), value) ?? bytes;
  }
  return bytes;
}
