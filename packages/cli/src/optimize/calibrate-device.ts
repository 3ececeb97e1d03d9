import { rm } from "node:fs/promises";
import path from "node:path";
import type { SpeedCalibration } from "@nanoagent/models";
import {
  CALIBRATED_TYPES,
  calibrationDoubts,
  type GgufHeader,
  mainType,
  modelWork,
  planHeader,
  readGguf,
  writeCalibrationModel,
} from "@nanoagent/optimizer";
import {
  countUsableCores,
  DeviceMemoryProbe,
  DeviceProfiler,
  LocalMachine,
  readCpuFeatures,
  readDeviceMeasurement,
  writeDeviceMeasurement,
} from "@nanoagent/profiler";
import { ADDON_VERSION, measureLlamaSpeed } from "@nanoagent/runtime/engines/llama";
import type { CommandAction } from "../command-line/command.js";
import { exitCodes } from "../exit-codes.js";
import { modelFileOf } from "../named-models/model-file-of.js";
import { formatJson } from "../output/format.js";
import { plainLine, plainText } from "../output/plain-text.js";
import type { StopRequest } from "../streams.js";
import { cannotWrite, openCalibrationFolder } from "./calibration-folder.js";

/** Context lengths: almost empty, and long enough to show the cost of attention. */
const CONTEXT_TOKENS = [16, 512] as const;
/** Context of the memory check: has room for the longest context and for the timed tokens. */
const PLANNED_CONTEXT_TOKENS = 1024;
/** Most threads. Engines do not become faster with more. */
const MAX_THREADS = 16;
/** Most rows that are kept. The oldest are dropped. */
const MAX_ROWS = 200;

/**
 * Measures the speed of a model, and of synthetic models of its size in every calibrated type, and saves the results
 * for the forecasts of all models. Skips models that do not fit in memory.
 */
export const calibrateDevice: CommandAction = async (values, streams) => {
  const { stdout, stderr, stop } = streams;
  const header = await readGguf(await modelFileOf(String(values.calibrate), streams));
  const writeNotice = (text: string) => stderr.write(plainText(`note: ${text}\n`));
  for (const doubt of calibrationDoubts(header)) writeNotice(doubt);
  const device = await new DeviceProfiler().profile();
  const cpuFeatures = await readCpuFeatures(new LocalMachine());
  const probe = new DeviceMemoryProbe();
  const threads = threadsToTry(Math.min(device.cpu_cores, await countUsableCores(new LocalMachine())));
  const rows: SpeedCalibration[] = [];

  const measure = async (model: GgufHeader, name: string, canMap = true): Promise<void> => {
    const { available_bytes: budget_bytes } = await probe.read();
    // Throws `does-not-fit` before anything is loaded.
    const plan = planHeader(model, {
      device,
      budget_bytes,
      context_tokens: PLANNED_CONTEXT_TOKENS,
      cpu_features: cpuFeatures,
    });
    const speeds = await measureLlamaSpeed({
      modelPath: model.path,
      threads,
      contextTokens: CONTEXT_TOKENS,
      batchTokens: plan.batch_tokens,
      mapsFile: canMap && plan.maps_file,
      signal: stop,
    });
    const work = modelWork(model);
    const type = mainType(work);
    rows.push(...speeds.map((speed) => ({ model: name, type, work, ...speed })));
    for (const speed of speeds) {
      const { prefill_tokens_per_second: read, decode_tokens_per_second: answer } = speed;
      const where = `${speed.threads} thread${speed.threads === 1 ? "" : "s"}, ${speed.context_tokens} tokens of context`;
      const line = `${type.padEnd(6)}  ${where}: reads ${read.toFixed(1)}, writes ${answer.toFixed(1)} tokens per second\n`;
      if (!values.json) stdout.write(line);
    }
  };

  const folder = await openCalibrationFolder();
  try {
    const name = header.name ?? path.basename(header.path);
    await measure(header, name);
    for (const type of CALIBRATED_TYPES) {
      const file = path.join(folder.path, `${type}.gguf`);
      await writeCalibrationModel(file, header, type).catch((cause: unknown) => {
        throw cannotWrite(file, cause);
      });
      try {
        await measure(await readGguf(file), `${name}, its size`, !folder.isInMemory);
      } catch (error) {
        if ((error as { code?: unknown }).code !== "does-not-fit") throw error;
        writeNotice(`This device has too little free memory to measure ${type} with a model of this size.`);
      }
      await rm(file);
    }
  } catch (error) {
    if (stop.aborted) return (stop.reason as StopRequest).exitCode;
    throw error;
  } finally {
    await folder.remove();
  }
  const { measurement } = await readDeviceMeasurement();
  const measured = new Set(rows.map(({ model }) => model));
  const others =
    measurement?.engine_version === ADDON_VERSION
      ? measurement.calibrations.filter(({ model }) => !measured.has(model))
      : [];
  const calibrations = [...others, ...rows].slice(-MAX_ROWS);
  const kept = await writeDeviceMeasurement({ engine_version: ADDON_VERSION, calibrations });
  stdout.write(
    values.json
      ? formatJson({ path: kept.path, engine_version: ADDON_VERSION, calibrations: rows })
      : `Saved in ${plainLine(kept.path)}, for llama.cpp of node-llama-cpp ${ADDON_VERSION}.\n`,
  );
  return exitCodes.done;
};

/** Returns the thread counts to measure: one, half of the cores, and all of them. */
function threadsToTry(cores: number): number[] {
  const tried = [1, Math.floor(cores / 2), cores].map((count) => Math.min(MAX_THREADS, Math.max(1, count)));
  return [...new Set(tried)].sort((one, other) => one - other);
}
