import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { FitPlan } from "@nanoagent/models";
import { labelOfLine, planFit, readGguf } from "@nanoagent/optimizer";
import { writeKnownModel } from "@nanoagent/optimizer/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { formatPlans } from "../../src/optimize/format-plans.js";

const device = { device_id: "pi5", platform: "linux-aarch64", memory_mb: 1024, cpu_cores: 4, has_gpu: false };
const MB = 2 ** 20;
const budgetBytes = 300 * MB;
let folder: string;
let plans: FitPlan[];
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nanoagent-format-"));
  const file = path.join(folder, "model.gguf");
  await writeKnownModel(file, "SmolLM2-135M");
  plans = planFit({ models: [await readGguf(file)], device, cpuFeatures: ["asimddp"], budgetBytes });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function show({ isColored = false, width = null as number | null } = {}): string[] {
  const planning = {
    device,
    isThisOne: false,
    cpuFeatures: ["asimddp"],
    availableBytes: budgetBytes,
    budgetBytes,
    budgetSource: "--budget-mb",
    measurement: null,
    notices: [],
  };
  return formatPlans(plans, {
    device: planning,
    facts: { budgetBytes, programBytes: 0 },
    goal: {},
    isColored,
    width,
    isExplained: false,
  }).split("\n");
}

const tableOf = (lines: string[]) => lines.slice(2, lines.indexOf("", 2));
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colors are control characters
const withoutColors = (text: string) => text.replace(/\u001b\[\d*m/g, "");

test("plans have all columns without a terminal, and fewer in a narrow one", () => {
  expect(tableOf(show())[0]).toMatch(
    /^ +weights +context +longest +KV +batch +MB +read\/s +answer\/s +full +threads +KLD$/,
  );
  for (const width of [120, 80, 60]) {
    const lines = show({ width });
    for (const line of tableOf(lines)) expect(line.length).toBeLessThanOrEqual(width);
    const bars = lines.filter((line) => line.startsWith("[") || line.includes("##"));
    expect(bars.length).toBeGreaterThan(2);
    for (const bar of bars) expect(bar.length).toBeLessThanOrEqual(width);
  }
  expect(tableOf(show({ width: 60 }))[0]).toMatch(/weights +context .*MB +answer\/s/);
});

test("the memory bar has parts that add up, in letters or colors, and a legend", () => {
  const lines = show();
  const bar = lines.find((line) => line.startsWith("[")) ?? "";
  expect(bar).toMatch(/^\[[a-z]+\.*\]$/);
  expect(bar).toHaveLength(62);
  const [best] = plans;
  const used = (best?.ledger.peak_resident_bytes ?? 0) / budgetBytes;
  expect(Math.abs(bar.replace(/[^a-z]/g, "").length - used * 60)).toBeLessThanOrEqual(1);
  // The letter of each part stands before its name, and no two parts share one.
  const legend = lines.flatMap((line) => /^ {2}([a-z]) +[\d.]+ {2}(.+) \(\w+\)/.exec(line)?.slice(1, 3) ?? []);
  const letters = legend.filter((_, index) => index % 2 === 0);
  expect(new Set(letters).size).toBe(letters.length);
  for (const [letter] of bar.matchAll(/[a-z]/g)) expect(letters).toContain(letter);
  for (const line of best?.ledger.lines ?? []) expect(legend).toContain(labelOfLine(line.name));
  const colored = show({ isColored: true });
  expect(colored.some((line) => line.includes("\u001b[34m█"))).toBe(true);
  expect(withoutColors(colored.join("\n")).replace(/█/g, "#")).toBe(
    lines
      .join("\n")
      .replace(/(?<=^\[[a-z]*)[a-z]/gm, "#")
      .replace(/^ {2}[a-z](?= +[\d.]+ {2})/gm, "  #"),
  );
});

test("the speeds and the quality have their basis below", () => {
  const text = show().join("\n");
  expect(text).toMatch(/Answer tokens per second:\n {2}model\.gguf .*#+ +[\d.]+\n/);
  expect(text).toContain("Speeds: a prior, from the kind of device alone.");
  expect(text).toMatch(/KLD: expected divergence from .*, a prior/);
});
