import { expect, it } from "vitest";
import { bytesOfWeights, tensorTypeNamed, tensorTypeWithId } from "../../src/formats/tensor-types.js";

it.each([
  ["f32", 32],
  ["f16", 16],
  ["bf16", 16],
  ["q4_0", 4.5],
  ["q4_1", 5],
  ["q5_0", 5.5],
  ["q5_1", 6],
  ["q8_0", 8.5],
  ["q8_1", 9],
  ["q2_k", 2.625],
  ["q3_k", 3.4375],
  ["q4_k", 4.5],
  ["q5_k", 5.5],
  ["q6_k", 6.5625],
  ["iq2_xxs", 2.0625],
  ["iq2_xs", 2.3125],
  ["iq3_xxs", 3.0625],
  ["iq1_s", 1.5625],
  ["iq4_nl", 4.5],
  ["iq3_s", 3.4375],
  ["iq2_s", 2.5625],
  ["iq4_xs", 4.25],
  ["iq1_m", 1.75],
  ["tq1_0", 1.6875],
  ["tq2_0", 2.0625],
  ["mxfp4", 4.25],
  ["nvfp4", 4.5],
  ["q1_0", 1.125],
  ["q2_0", 2.25],
])("%s has %f bits per weight", (name, bits) => {
  const type = tensorTypeNamed(name);
  expect((bytesOfWeights(type, 1024) * 8) / 1024).toBe(bits);
  expect(tensorTypeWithId(type.id)).toBe(type);
});

it("has no type for unused and removed ids", () => {
  for (const id of [4, 5, 31, 32, 33, 36, 37, 38, 43, 97, 139, 2 ** 32 - 1])
    expect(tensorTypeWithId(id)).toBeUndefined();
  expect(() => tensorTypeNamed("q9_9")).toThrow(RangeError);
});
