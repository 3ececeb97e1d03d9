import { expect, it } from "vitest";
import { assumedCpuFeatures } from "../../src/fit/assumed-cpu-features.js";

it.each([
  ["linux-x86_64", ["avx2"]],
  ["windows-amd64", ["avx2"]],
  ["linux-aarch64", ["asimddp"]],
  ["darwin-arm64", ["asimddp"]],
  ["linux-armv7l", []],
  ["linux-riscv64", null],
  ["", null],
  ["linux-constructor", null],
])("%s", (platform, features) => {
  expect(assumedCpuFeatures(platform)).toEqual(features);
});
