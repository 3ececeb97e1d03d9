import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type PlanFacts, type PlanGoal, planFit, readGguf } from "@nanoagent/optimizer";
import { buildTinyGguf, KNOWN_MODELS, type TinyGgufOptions, writeKnownModel } from "@nanoagent/optimizer/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { planChoices } from "../../src/choices/plan-choices.js";
import { readRemoteHeaders } from "../../src/headers/read-remote-headers.js";
import { type FileServer, plainClient, remoteModel, startFileServer } from "../headers/file-server.js";

const MIB = 2 ** 20;
const HEADER_SLACK_BYTES = 400_000;
const FURTHER_HEADER_BYTES = 300_000;

let folder: string;
let server: FileServer;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nanoagent-choices-"));
  server = await startFileServer(folder);
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const factsWith = (budgetMib: number): PlanFacts => ({
  device: { device_id: "d", platform: "linux-x86_64", memory_mb: 4096, cpu_cores: 4, has_gpu: false },
  cpuFeatures: ["avx2"],
  budgetBytes: budgetMib * MIB,
  constrainsOutput: "auto",
  choosingTokens: 512,
});
/** Budgets and goals that take turns, because every plan takes 0.1 s. */
const REQUESTS: readonly [budgetMib: number, goal: PlanGoal][] = [
  [300, {}],
  [3000, { for: "context" }],
  [1000, { contextTokens: 512 }],
  [40, {}],
];
let turn = 0;

/** Reads the headers of files over HTTP, and plans them. Everything must be as from the files themselves. */
async function expectSamePlans(names: readonly string[]): Promise<number[]> {
  const at = (name: string) => path.join(folder, name);
  const models = await Promise.all(names.map((name) => remoteModel(server, folder, name)));
  const remote = await readRemoteHeaders(models, { client: plainClient(), pathOf: (model) => at(model.files[0].path) });
  expect(remote.map(({ problem }) => problem)).toEqual(names.map(() => null));
  for (const { model, header } of remote) {
    const local = await readGguf(at(model.files[0].path));
    expect(header).toEqual(local);
    const [budgetMib, goal] = REQUESTS[turn++ % REQUESTS.length] ?? [1000, {}];
    const facts = factsWith(budgetMib);
    const plan = () => planFit({ ...facts, models: [local], goal: { ...goal, mayQuantize: false } })[0];
    const [choice] = planChoices([{ model, header, problem: null, fetchedBytes: 0 }], { facts, goal });
    if (choice?.refusal) expect(choice.refusal.toJSON()).toEqual(errorOf(plan));
    else expect(choice?.plan).toEqual(plan());
  }
  return remote.map(({ fetchedBytes }) => fetchedBytes);
}

function errorOf(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return (error as { toJSON(): unknown }).toJSON();
  }
}

describe("plans from headers at a source equal those from the files", () => {
  it.each(KNOWN_MODELS)("%s", async (name) => {
    const types = ["f16", "q8_0", "q4_0"].slice(turn % 2);
    const files = types.map((type) => `${name}.${type}.gguf`);
    for (const [index, file] of files.entries()) await writeKnownModel(path.join(folder, file), name, types[index]);
    const [first = 0, ...others] = await expectSamePlans(files);
    const { data_offset } = await readGguf(path.join(folder, files[0] ?? ""));
    expect(first).toBeGreaterThanOrEqual(data_offset);
    expect(first).toBeLessThan(data_offset + HEADER_SLACK_BYTES);
    for (const bytes of others) expect(bytes).toBeLessThanOrEqual(FURTHER_HEADER_BYTES);
    await Promise.all(files.map((file) => rm(path.join(folder, file))));
  });

  it.each<[name: string, options: TinyGgufOptions]>([
    ["llama", {}],
    ["qwen2", { architecture: "qwen2", tiedEmbeddings: false }],
    ["qwen3", { architecture: "qwen3", chatTemplate: null }],
    ["big-endian", { byteOrder: "big" }],
    ["version 2", { version: 2, vocabularySize: 4000 }],
  ])("a tiny model: %s", async (name, options) => {
    const types = ["f32", "f16", "q8_0", "q4_0"];
    const files = types.map((type) => `tiny-${name}.${type}.gguf`);
    for (const [index, file] of files.entries()) {
      await writeFile(path.join(folder, file), buildTinyGguf({ ...options, weightType: types[index] }));
    }
    await expectSamePlans(files);
  });

  const real = process.env.NANOAGENT_TEST_MODEL;
  it.skipIf(real === undefined)("a real model, twice", async () => {
    const files = ["real.one.gguf", "real.two.gguf"];
    for (const file of files) await symlink(path.resolve(real ?? ""), path.join(folder, file));
    const [first = 0, second = 0] = await expectSamePlans(files);
    const { data_offset } = await readGguf(path.join(folder, files[0] ?? ""));
    expect(first).toBeLessThan(data_offset + HEADER_SLACK_BYTES);
    expect(second).toBeLessThanOrEqual(FURTHER_HEADER_BYTES);
  });
});

describe("the order of choices", () => {
  it("begins with the best that fits, and ends with the largest that does not", async () => {
    const files = ["order.q4_0.gguf", "order.f32.gguf", "order.q8_0.gguf", "order.f16.gguf"];
    for (const file of files) await writeKnownModel(path.join(folder, file), "SmolLM2-135M", file.split(".")[1]);
    await writeFile(path.join(folder, "order.broken.gguf"), "GGUF");
    const models = await Promise.all([...files, "order.broken.gguf"].map((name) => remoteModel(server, folder, name)));
    const headers = await readRemoteHeaders(models, {
      client: plainClient(),
      pathOf: ({ files: [file] }) => file.path,
    });
    const choices = planChoices(headers, { facts: factsWith(400) });
    expect(choices.map(({ quantization, plan }) => [quantization, plan !== null])).toEqual([
      ["q8_0", true],
      ["q4_0", true],
      ["f16", true],
      ["broken", false],
      ["f32", false],
    ]);
    const codes = choices.map(({ refusal }) => refusal?.code ?? null);
    expect(codes).toEqual([null, null, null, "invalid-model-file", "does-not-fit"]);
    expect(choices.map(({ downloadBytes }) => downloadBytes)).toEqual(choices.map(({ model }) => model.files[0].bytes));
  });

  it("is refused for facts that are invalid", async () => {
    const file = "facts.q8_0.gguf";
    await writeFile(path.join(folder, file), buildTinyGguf());
    const models = [await remoteModel(server, folder, file)];
    const headers = await readRemoteHeaders(models, { client: plainClient(), pathOf: () => file });
    expect(() => planChoices(headers, { facts: factsWith(Number.NaN) })).toThrow("budget_bytes");
  });
});
