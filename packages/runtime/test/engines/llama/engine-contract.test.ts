import { NanoAgentConfig } from "@nanoagent/models";
import { LlamaEngine } from "@nanoagent/runtime/engines/llama";
import { testEngine } from "@nanoagent/runtime/testing";
import { describe, test } from "vitest";
import { openLlamaEngine } from "../../../src/engines/llama/open-llama-engine.js";
import { sampleConfig, sampleDevice } from "../../sample-config.js";
import { hasAddon, tinyModel } from "./tiny-model.js";

/** Opens the engine of a config with a random-weight model. */
async function open(isolation: "process" | "none") {
  const { modelPath } = await tinyModel();
  const config = NanoAgentConfig.parse(
    sampleConfig({ device: { ...sampleDevice, cpu_cores: 1 }, model_path: modelPath, engine: { isolation } }),
  );
  return openLlamaEngine({ ...config, model_path: modelPath });
}

const forcing = { forcesCalls: true };

describe.skipIf(!hasAddon)("with a random-weight model (needs llama.cpp's package)", () => {
  describe("the engine within a budget", () => testEngine(() => open("process"), test, forcing));
  describe("the engine in the program's own process", () => testEngine(() => open("none"), test, forcing));
  describe("the engine alone", () => testEngine(async () => LlamaEngine.open(await tinyModel()), test, forcing));
});
