import { readFile } from "node:fs/promises";
import path from "node:path";
import { readDeviceMeasurement, writeDeviceMeasurement } from "@nanoagent/profiler";
import { NanoRuntime } from "@nanoagent/runtime";
import { ADDON_VERSION, LlamaEngine } from "@nanoagent/runtime/engines/llama";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ThreadTrialStore } from "../../../src/engines/llama/thread-trial-store.js";
import { sampleDevice } from "../../sample-config.js";
import { temporaryFolder } from "../../temporary-folder.js";
import { hasAddon, tinyModel } from "./tiny-model.js";

const before = process.env.XDG_STATE_HOME;
let folder = "";
beforeEach(async () => {
  folder = await temporaryFolder();
  process.env.XDG_STATE_HOME = folder;
});
afterEach(() => {
  process.env.XDG_STATE_HOME = before;
});

const profiler = { readDeviceMeasurement, writeDeviceMeasurement };
const speed = (threads: number) => ({ threads, prefill_tokens_per_second: 100, decode_tokens_per_second: 10 });

describe("trials of threads", () => {
  test("are kept for the model's next start, beside those of others", async () => {
    const first = await ThreadTrialStore.read(profiler, "/models/a.gguf", 64);
    expect(first.rows).toEqual([]);
    await first.keep([speed(1), speed(2)]);
    const other = await ThreadTrialStore.read(profiler, "/models/b.gguf", 64);
    expect(other.rows).toEqual([]);
    await other.keep([speed(1)]);
    const again = await ThreadTrialStore.read(profiler, "/elsewhere/a.gguf", 64);
    expect(again.rows).toEqual([speed(1), speed(2)].map((row) => ({ model: "a.gguf", ...row })));
    expect(again.stillToTry).toEqual([]);
  });

  test("of another version of the engine count for nothing", async () => {
    await writeDeviceMeasurement({ engine_version: "0.0.1", thread_trials: [{ model: "a.gguf", ...speed(1) }] });
    const trials = await ThreadTrialStore.read(profiler, "/models/a.gguf", 64);
    expect(trials.rows).toEqual([]);
    await trials.keep([speed(2)]);
    const { measurement } = await readDeviceMeasurement();
    expect(measurement).toMatchObject({ engine_version: ADDON_VERSION, thread_trials: [{ threads: 2 }] });
  });

  test("are done for one thread, half, all but one and all of the cores", async () => {
    const { stillToTry } = await ThreadTrialStore.read(profiler, "/models/a.gguf", 2);
    expect(stillToTry.length).toBeLessThanOrEqual(2);
    expect(stillToTry).toEqual([2, 1]);
    expect((await ThreadTrialStore.read(profiler, "/models/a.gguf", 1)).stillToTry).toEqual([1]);
  });

  test("count for this program where they cannot be kept", async () => {
    process.env.XDG_STATE_HOME = import.meta.filename;
    const trials = await ThreadTrialStore.read(profiler, "/models/a.gguf", 64);
    await trials.keep([speed(1)]);
    expect(trials.rows).toHaveLength(1);
  });
});

describe.skipIf(!hasAddon)("a model at its first start (needs llama.cpp's package)", () => {
  test("is tried with each number of threads, and left as it was", async () => {
    const options = await tinyModel({}, { threadsToTry: [2, 1] });
    const engine = await LlamaEngine.open(options);
    expect(engine.threadTrials.map(({ threads }) => threads)).toEqual([2, 1]);
    for (const trial of engine.threadTrials) {
      expect(trial.prefill_tokens_per_second).toBeGreaterThan(0);
      expect(trial.decode_tokens_per_second).toBeGreaterThan(0);
    }
    const untried = await LlamaEngine.open({ ...options, threadsToTry: [] });
    const request = {
      instructions: null,
      messages: [{ role: "user" as const, content: "hello" }],
      sampling: { seed: 1, maxTokens: 4 },
    };
    const replyOf = async (from: LlamaEngine) => {
      const events = [];
      for await (const event of from.generate(request)) events.push(event);
      return events;
    };
    expect(await replyOf(engine)).toEqual(await replyOf(untried));
    await engine.close();
    await untried.close();
  });

  test("keeps the trial with the device's measurement, and is not tried again", async () => {
    const { modelPath } = await tinyModel();
    const start = async () => {
      const runtime = new NanoRuntime();
      await runtime.load({
        spec: { name: "small", max_memory_mb: 512 },
        device: { ...sampleDevice, cpu_cores: 2 },
        model_path: modelPath,
      });
      for await (const _ of runtime.stream("hello", { sampling: { maxTokens: 2 } }));
      const { engine } = await runtime.memory();
      await runtime.unload();
      return engine?.plan ?? expect.fail("no plan");
    };
    await start();
    const file = path.join(folder, "nanoagent/device-measurement.json");
    const kept = await readFile(file, "utf8");
    const { thread_trials } = JSON.parse(kept);
    expect(thread_trials.map(({ model }: { model: string }) => model)).toEqual(["tiny.gguf", "tiny.gguf"]);
    const fastest = thread_trials.map((row: { decode_tokens_per_second: number }) => row.decode_tokens_per_second);
    const plan = await start();
    expect(await readFile(file, "utf8")).toBe(kept);
    // Two threads only where they gain something.
    const [withTwo = 0, withOne = 0] = fastest;
    expect(plan.decode_threads).toBe(withTwo > withOne * 1.03 ? 2 : 1);
  });
});
