import type { EdgeDevice } from "@nanoagent/models";
import { NanoAgentError } from "@nanoagent/models";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InvalidSizeError, ModelOptimizer } from "../src/index.js";

const optimizer = new ModelOptimizer();

const pi: EdgeDevice = {
  device_id: "rpi4-4core",
  platform: "linux-aarch64",
  memory_mb: 4096,
  cpu_cores: 4,
  has_gpu: false,
};

/** From a hundredth of an MB to a petabyte. */
const sizeMb = fc.double({ min: 0.01, max: 1e9, noNaN: true });
const device = fc.record({
  device_id: fc.constant("any"),
  platform: fc.constant("linux-aarch64"),
  memory_mb: fc.integer({ min: 1, max: 1 << 30 }),
  cpu_cores: fc.integer({ min: 1, max: 8192 }),
  has_gpu: fc.boolean(),
});

describe("quantizeConfig", () => {
  it.each([
    { modelSizeMb: 100, targetMb: 101, quantization: "none", bits: 32, expected: 100, fits: true },
    { modelSizeMb: 100, targetMb: 100, quantization: "none", bits: 32, expected: 100, fits: true },
    { modelSizeMb: 100, targetMb: 99.999, quantization: "int8", bits: 8, expected: 25, fits: true },
    { modelSizeMb: 100, targetMb: 50, quantization: "int8", bits: 8, expected: 25, fits: true },
    { modelSizeMb: 100, targetMb: 49.999, quantization: "int4", bits: 4, expected: 12.5, fits: true },
    { modelSizeMb: 100, targetMb: 25, quantization: "int4", bits: 4, expected: 12.5, fits: true },
    { modelSizeMb: 100, targetMb: 24.999, quantization: "int2", bits: 2, expected: 6.25, fits: true },
    { modelSizeMb: 100, targetMb: 6.25, quantization: "int2", bits: 2, expected: 6.25, fits: true },
    { modelSizeMb: 100, targetMb: 6.249, quantization: "int2", bits: 2, expected: 6.25, fits: false },
    { modelSizeMb: 7000, targetMb: 64, quantization: "int2", bits: 2, expected: 437.5, fits: false },
    // The specification shows INT8 in one example, but INT2 in its table. The table applies.
    { modelSizeMb: 7000, targetMb: 500, quantization: "int2", bits: 2, expected: 437.5, fits: true },
    // A missing file counts as twice the target.
    { modelSizeMb: 200, targetMb: 100, quantization: "int8", bits: 8, expected: 50, fits: true },
  ])(
    "$modelSizeMb MB to $targetMb MB is $quantization",
    ({ modelSizeMb, targetMb, quantization, bits, expected, fits }) => {
      expect(optimizer.quantizeConfig(modelSizeMb, targetMb)).toEqual({
        quantization,
        bits,
        expected_size_mb: expected,
        notes: expect.stringMatching(/^\S.*\.$/),
        fits_target: fits,
      });
    },
  );

  it("has notes for every tier", () => {
    const notes = [100, 50, 25, 10].map((targetMb) => optimizer.quantizeConfig(100, targetMb).notes);
    expect(notes).toMatchInlineSnapshot(`
      [
        "The model already fits the target. Keep its weights at 32 bits.",
        "8 bits per weight need a quarter of the space. Answers stay almost the same.",
        "4 bits per weight need an eighth of the space. Answers get somewhat worse: test it on your own questions.",
        "Only 2 bits per weight come near the target. Answers get clearly worse, and the network may need pruning.",
      ]
    `);
  });

  it("states in the notes by how much the smallest tier misses the target", () => {
    const miss = (modelSizeMb: number, targetMb: number) =>
      optimizer.quantizeConfig(modelSizeMb, targetMb).notes.match(/The result .*/)?.[0];
    expect(miss(7000, 64)).toBe("The result has 437.5 MB, 373.5 MB more than the target: use a smaller model.");
    expect(miss(1, 0.01)).toBe("The result has 0.063 MB, 0.052 MB more than the target: use a smaller model.");
    expect(miss(7000, 500)).toBeUndefined();
  });

  it("fits exactly when the expected size is within the target, and only the smallest tier may miss it", () => {
    fc.assert(
      fc.property(sizeMb, sizeMb, (modelSizeMb, targetMb) => {
        const advice = optimizer.quantizeConfig(modelSizeMb, targetMb);
        expect(advice.fits_target).toBe(advice.expected_size_mb <= targetMb);
        expect(advice.expected_size_mb).toBe((modelSizeMb * advice.bits) / 32);
        if (!advice.fits_target) expect(advice.quantization).toBe("int2");
        expect(advice.notes.includes("use a smaller model")).toBe(!advice.fits_target);
      }),
    );
  });

  it("never recommends more bits for a smaller target", () => {
    fc.assert(
      fc.property(sizeMb, sizeMb, sizeMb, (modelSizeMb, one, other) => {
        const atLess = optimizer.quantizeConfig(modelSizeMb, Math.min(one, other));
        const atMore = optimizer.quantizeConfig(modelSizeMb, Math.max(one, other));
        expect(atLess.bits).toBeLessThanOrEqual(atMore.bits);
      }),
    );
  });
});

describe("estimateLatency", () => {
  it.each([
    { modelSizeMb: 500, of: {}, ms: 500 },
    { modelSizeMb: 500, of: { cpu_cores: 1 }, ms: 1000 },
    { modelSizeMb: 500, of: { has_gpu: true }, ms: 50 },
    { modelSizeMb: 2048, of: {}, ms: 2048 },
    { modelSizeMb: 4096, of: {}, ms: 8192 },
    { modelSizeMb: 7000, of: { memory_mb: 65_536, cpu_cores: 64 }, ms: 1750 },
  ])("$modelSizeMb MB on $of takes $ms ms", ({ modelSizeMb, of, ms }) => {
    expect(optimizer.estimateLatency(modelSizeMb, { ...pi, ...of })).toBeCloseTo(ms, 9);
  });

  it("grows continuously above half of the memory", () => {
    const atHalf = optimizer.estimateLatency(2048, pi);
    const aboveHalf = optimizer.estimateLatency(2048.001, pi);
    expect(aboveHalf).toBeGreaterThan(atHalf);
    expect(aboveHalf).toBeCloseTo(atHalf, 1);
  });

  it("is finite, above zero, and longer for a larger model", () => {
    fc.assert(
      fc.property(sizeMb, sizeMb, device, (one, other, anyDevice) => {
        fc.pre(one !== other);
        const shorter = optimizer.estimateLatency(Math.min(one, other), anyDevice);
        const longer = optimizer.estimateLatency(Math.max(one, other), anyDevice);
        expect(shorter).toBeGreaterThan(0);
        expect(longer).toBeGreaterThanOrEqual(shorter);
        expect(Number.isFinite(longer)).toBe(true);
      }),
    );
  });

  it("is divided by 10 with a GPU", () => {
    fc.assert(
      fc.property(sizeMb, device, (modelSizeMb, anyDevice) => {
        const without = optimizer.estimateLatency(modelSizeMb, { ...anyDevice, has_gpu: false });
        const withGpu = optimizer.estimateLatency(modelSizeMb, { ...anyDevice, has_gpu: true });
        expect(withGpu / without).toBeCloseTo(0.1, 12);
      }),
    );
  });

  it("is not shorter on fewer cores or with less memory", () => {
    fc.assert(
      fc.property(sizeMb, device, (modelSizeMb, anyDevice) => {
        const latencyMs = optimizer.estimateLatency(modelSizeMb, anyDevice);
        const fewer = { ...anyDevice, cpu_cores: Math.ceil(anyDevice.cpu_cores / 2) };
        const less = { ...anyDevice, memory_mb: Math.ceil(anyDevice.memory_mb / 2) };
        expect(optimizer.estimateLatency(modelSizeMb, fewer)).toBeGreaterThanOrEqual(latencyMs);
        expect(optimizer.estimateLatency(modelSizeMb, less)).toBeGreaterThanOrEqual(latencyMs);
      }),
    );
  });
});

describe("an invalid size", () => {
  const bad: unknown[] = [
    0,
    -0,
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    "512",
    null,
    undefined,
    512n,
  ];

  it.each(bad)("%s throws an InvalidSizeError that names the field", (value) => {
    const size = value as number;
    const calls: [string, () => unknown][] = [
      ["modelSizeMb", () => optimizer.quantizeConfig(size, 64)],
      ["targetMb", () => optimizer.quantizeConfig(7000, size)],
      ["modelSizeMb", () => optimizer.estimateLatency(size, pi)],
      ["device.memory_mb", () => optimizer.estimateLatency(500, { ...pi, memory_mb: size })],
      ["device.cpu_cores", () => optimizer.estimateLatency(500, { ...pi, cpu_cores: size })],
    ];
    for (const [field, call] of calls) {
      const error = thrownBy(call);
      expect(error).toBeInstanceOf(InvalidSizeError);
      expect(error).toMatchObject({ name: "InvalidSizeError", code: "invalid-size", field, value });
      expect(NanoAgentError.isInstance(error)).toBe(true);
    }
  });

  it("is quoted in the message, with a valid example in the hint", () => {
    expect(JSON.parse(JSON.stringify(thrownBy(() => optimizer.quantizeConfig(-1, 64))))).toEqual({
      name: "InvalidSizeError",
      code: "invalid-size",
      message: "modelSizeMb must be a finite number above zero, not -1.",
      reason: null,
      hint: "Give modelSizeMb in MB of 2^20 bytes, such as 512.",
    });
    expect(new InvalidSizeError("targetMb", "512").message).toContain('not the string "512".');
    expect(new InvalidSizeError("targetMb", null).message).toContain("not null.");
    expect(new InvalidSizeError("targetMb", undefined).message).toContain("not a value of type undefined.");
    expect(new InvalidSizeError("device.cpu_cores", 0).hint).toBe("Give device.cpu_cores as a count, such as 4.");
  });
});

function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error("Nothing was thrown");
}
