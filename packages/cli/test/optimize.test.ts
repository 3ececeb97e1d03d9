import { mkdir, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { FitPlan } from "@nanoagent/models";
import { buildTinyGguf, writeKnownModel } from "@nanoagent/optimizer/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runProgram } from "./run-program.js";

let folder: string;
const at = (...names: string[]) => path.join(folder, ...names);

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nanoagent-optimize-"));
  await mkdir(at("models"));
  await writeKnownModel(at("models", "a-f16.gguf"), "SmolLM2-135M", "f16");
  await writeKnownModel(at("models", "b-q4_0.gguf"), "SmolLM2-135M", "q4_0");
  await writeFile(at("models", "c.gguf"), "<!doctype html><html></html>");
  await writeFile(at("models", "notes.txt"), "no model");
  const device = { device_id: "box", platform: "linux-aarch64", memory_mb: 1024, cpu_cores: 4, has_gpu: false };
  await writeFile(at("device.json"), JSON.stringify(device));
  await writeFile(at("measured.json"), JSON.stringify({ ...device, measured: measuredFigures, notes: [], path: null }));
  const odd = { ...device, measured: { bandwidth: "9 GB/s" }, npu: true };
  await writeFile(at("odd.json"), JSON.stringify(odd));
  await writeFile(at("future.json"), JSON.stringify({ ...device, memory_mb: { total: 1024 } }));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const measuredFigures = {
  bandwidth: [{ threads: 1, per_second: 9e9, spread: 0.05 }],
  dot_products: [{ type: "q8_0", per_second: 2e9, spread: 0.1 }],
  storage_read: null,
  contention: 0,
  temperature_celsius: null,
};

const plansOf = (stdout: string) =>
  (JSON.parse(stdout) as { plans: (FitPlan & { missed: string[] })[] }).plans.map(({ missed, ...plan }) => {
    expect(Array.isArray(missed)).toBe(true);
    return FitPlan.parse(plan);
  });
const optimize = (...args: string[]) => runProgram(["optimize", ...args]);

describe("a model that can be read", () => {
  test("has the fixed lines from its header, then the plans, the memory and the speeds", async () => {
    const { exitCode, stdout, stderr } = await optimize("--model", at("models", "a-f16.gguf"), "--target-mb", "100");
    expect([exitCode, stderr]).toEqual([0, ""]);
    const [size, target, quantization, , after, latency] = stdout.split("\n");
    expect([size, target, quantization]).toEqual([
      "Model size:      258.1 MB",
      "Target size:     100.0 MB",
      "Quantization:    int4",
    ]);
    expect(after).toBe("Est. size after: 96.7 MB");
    expect(latency).toMatch(/^Est\. latency: {4}\d+\.\d ms$/);
    expect(stdout).toMatch(/\nPlans within [\d.]+ MB \(the memory available now.*\) for .*, quality first:\n/);
    expect(stdout).toMatch(/\n1 {2}a-f16\.gguf +4096 +32768 {2}f16 /);
    expect(stdout).toMatch(
      /\nMemory of plan 1: 4\d\d\.\d of [\d.]+ MB\n\[[a-z.]{60}\]\n {2}w +256\.6 {2}weights \(evictable\)/,
    );
    expect(stdout).toMatch(/\nAnswer tokens per second:\n/);
    expect(stdout).toMatch(/\nSpeeds: a prior, /);
    expect(stdout).not.toContain("\u001b");
  });

  test("that is already quantized has its exact size in fewer bits", async () => {
    const { stdout } = await optimize("--model", at("models", "b-q4_0.gguf"), "--target-mb", "60");
    const [size, , quantization, bits, after, , notes] = stdout.split("\n");
    expect([size, quantization, bits]).toEqual([
      "Model size:      73.8 MB",
      "Quantization:    int2",
      "Bits:            2",
    ]);
    // Rows of 576 weights do not fill blocks of q2_k, so most weights stay unchanged.
    const remains = Number(/^Est\. size after: (\d+\.\d) MB$/.exec(after ?? "")?.[1]);
    expect(remains).toBeGreaterThan(60);
    expect(remains).toBeLessThan(73.8);
    const missing = (remains - 60).toFixed(1);
    expect(notes).toBe(
      `Notes:           In q2_k the file takes ${remains} MB. Answers get clearly worse. ` +
        `That is ${missing} MB more than the target: use a smaller model.`,
    );
  });

  test("of an unknown architecture has a note about its estimates", async () => {
    const bytes = Buffer.from(buildTinyGguf());
    await writeFile(at("unknown.gguf"), Buffer.from(bytes.toString("latin1").replaceAll("llama", "gemma"), "latin1"));
    const { exitCode, stdout, stderr } = await optimize("--model", at("unknown.gguf"), "--budget-mb", "140");
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/^note: .*unknown\.gguf: the computation of gemma is not known in detail\. .*estimates/);
    expect(stdout).toMatch(/\n1 {2}unknown\.gguf /);
  });

  test("is explained line by line", async () => {
    const { stdout } = await optimize("--model", at("models", "b-q4_0.gguf"), "--budget-mb", "400", "--explain");
    expect(stdout).toMatch(/\n +[\d.]+ +[\d.]+ {3}KV cache \(pinned\): \d+ tokens × 90 heads/);
    expect(stdout).toMatch(/\n +[\d.]+ +[\d.]+ {3}total\n/);
  });

  test("has plans as JSON, within the budget and with the requested context", async () => {
    const args = ["--model", at("models", "a-f16.gguf"), "--budget-mb", "300", "--context", "2048", "--json"];
    const plans = plansOf((await optimize(...args, "--for", "speed")).stdout);
    expect(plans.length).toBeGreaterThan(2);
    for (const plan of plans) {
      expect(plan.context_tokens).toBe(2048);
      expect(plan.ledger.peak_resident_bytes).toBeLessThanOrEqual((300 - 40) * 2 ** 20);
    }
    expect(plans[0]?.quantize_to).toBe("q4_0");
    expect(plansOf((await optimize(...args)).stdout)[0]?.quantize_to).toBe("q8_0");
  });

  test("is planned with others in a folder, where broken files are named and left out", async () => {
    const { exitCode, stdout, stderr } = await optimize("--model", at("models"), "--budget-mb", "600", "--json");
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/^note: c\.gguf is left out: .*web page.*\n$/);
    const names = plansOf(stdout).map(({ model_path, quantize_to }) => `${path.basename(model_path)} ${quantize_to}`);
    expect(names).toContain("a-f16.gguf null");
    expect(names).toContain("b-q4_0.gguf null");
    // The folder already has this file.
    expect(names).not.toContain("a-f16.gguf q4_0");
  });

  test("is planned for another device, with its memory and measurement", async () => {
    const args = ["--model", at("models", "a-f16.gguf"), "--target-mb", "100", "--device"];
    const { exitCode, stdout } = await optimize(...args, at("device.json"));
    expect(exitCode).toBe(0);
    expect(stdout).toContain("Plans within 768.0 MB (three quarters of the memory of box) for box, quality first:");
    expect(stdout).toContain("from the kind of device alone.\n");
    const odd = await optimize(...args, at("odd.json"));
    expect([odd.exitCode, odd.stderr]).toEqual([0, expect.stringMatching(/^note: The measurement in .* is not used/)]);
    expect((await optimize(...args, at("measured.json"))).stdout).toContain("from a micro-benchmark of the device.\n");
  });
});

describe("a model that does not fit", () => {
  test("is an error with exit code 3 with a budget, and shows the calculation and three changes", async () => {
    const { exitCode, stdout, stderr } = await optimize("--model", at("models", "a-f16.gguf"), "--budget-mb", "100");
    expect([exitCode, stdout]).toEqual([3, ""]);
    expect(stderr).toMatch(
      /^error: .* needs \d+\.\d MB with a context of 256 tokens, but may use only 60\.0 MB: weights /,
    );
    expect(stderr.match(/ saves /g)).toHaveLength(3);
  });

  test("is a note without a budget", async () => {
    const small = { device_id: "s", platform: "linux-aarch64", memory_mb: 64, cpu_cores: 1, has_gpu: false };
    await writeFile(at("small.json"), JSON.stringify(small));
    const args = ["--model", at("models", "a-f16.gguf"), "--target-mb", "100", "--device", at("small.json")];
    const { exitCode, stdout, stderr } = await optimize(...args);
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/^note: .* needs /);
    expect(stdout).toMatch(/^Model size: {6}258\.1 MB\n/);
    expect(stdout).not.toContain("Plans");
  });
});

describe("bad input ends with exit code 2 and a hint", () => {
  const lfs = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 4096\n";
  test.each<[string, string | Uint8Array, RegExp]>([
    ["empty.gguf", "", /is empty/],
    ["page.gguf", "<!DOCTYPE html><html>", /web page/],
    ["pointer.gguf", lfs, /Git LFS pointer/],
    ["magic.gguf", "GGML and more", /is a text, not a model: "GGML and more"/],
    ["zeros.gguf", new Uint8Array(4096), /only zeros/],
    ["cut.gguf", buildTinyGguf().subarray(0, 3000), /ends|cut|past|download/i],
    ["big.gguf", buildTinyGguf({ byteOrder: "big" }), /big-endian/],
    ["m-00001-of-00002.gguf", buildTinyGguf().subarray(0, 100), /./],
  ])("%s", async (name, contents, message) => {
    await writeFile(at(name), contents);
    const { exitCode, stdout, stderr } = await optimize("--model", at(name), "--budget-mb", "100");
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^error: .*\n( {2}why: .*\n)?( {2}do: .*\n)$/);
    expect([exitCode, stdout]).toEqual([2, ""]);
  });

  test("a folder without models, a device of another version, and a device that is not JSON", async () => {
    await mkdir(at("nothing"));
    const empty = await optimize("--model", at("nothing"), "--target-mb", "100");
    expect(empty.stderr).toMatch(/^error: There is no model in the folder .*\n {2}do: Pass a folder with \.gguf files/);
    expect(empty.exitCode).toBe(2);
    const args = ["--model", at("models", "a-f16.gguf"), "--target-mb", "100", "--device"];
    const future = await optimize(...args, at("future.json"));
    expect(future.stderr).toMatch(
      /future\.json does not describe a device that this version can read\.\n {2}why: .*memory_mb/,
    );
    expect(future.exitCode).toBe(2);
    const text = await optimize(...args, at("models", "notes.txt"));
    expect(text.stderr).toContain("it does not contain a JSON object");
    expect(text.exitCode).toBe(2);
  });
});

test("only the size of a file with another extension is used", async () => {
  await writeFile(at("weights.bin"), "");
  await truncate(at("weights.bin"), 200 * 2 ** 20);
  const { exitCode, stdout, stderr } = await optimize("--model", at("weights.bin"), "--target-mb", "100");
  expect([exitCode, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^Model size: {6}200\.0 MB\n/);
  expect(stdout.split("\n")).toHaveLength(8);
});
