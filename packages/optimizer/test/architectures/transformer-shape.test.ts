import { expect, it } from "vitest";
import { transformerShape } from "../../src/architectures/transformer-shape.js";
import { planHeader } from "../../src/fit/plan-header.js";
import { quantizeHeader } from "../../src/fit/quantize-header.js";
import { headerOf } from "../fit/header-of.js";
import { sampleRequest } from "../fit/sample-request.js";

it("computes the shape of a header only once per plan", async () => {
  const header = await headerOf({ contextTokens: 32_768, layerCount: 8 });
  let reads = 0;
  const shape = new Proxy(header.shape, {
    get: (target, key) => {
      if (key === "feed_forward_length") reads++;
      return Reflect.get(target, key);
    },
  });
  const watched = { ...header, shape };
  const once = transformerShape(watched);
  const readsOfOne = reads;
  expect(readsOfOne).toBeGreaterThan(0);
  planHeader(watched, sampleRequest);
  // The summary in the plan reads the figure as well.
  expect(reads).toBeLessThanOrEqual(readsOfOne + 1);
  expect(transformerShape(watched)).toBe(once);
});

it("caches the shape of each header separately", async () => {
  const header = await headerOf({ layerCount: 2 });
  const shape = transformerShape(header);
  expect(transformerShape(quantizeHeader(header, "q8_0"))).not.toBe(shape);
  expect(transformerShape({ ...header, shape: { ...header.shape, context_length: 77 } }).trainedTokens).toBe(77);
});
