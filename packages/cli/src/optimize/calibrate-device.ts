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
import { formatJson } from "../output/format.js";
import { plainLine, plainText } from "../output/plain-text.js";
import type { StopRequest } from "../streams.js";
import { cannotWrite, openCalibrationFolder } from "./calibration-folder.js";

/** An empty context, and one in which looking back shows. */
const CONTEXT_TOKENS = [16, 512] as const;
/** The plan that says whether there is memory has room for these, and for what is timed on top. */
const PLANNED_CONTEXT_TOKENS = 1024;
/** With more threads than these engines gain nothing. */
const MAX_THREADS = 16;
/** Rows of models that were measured before are kept, the newest ones. */
const MAX_ROWS = 200;

/**
 * Measures a model through the engine, and models of its size in every type that rates are kept of, and keeps what it
 * finds for the forecasts of all models. Models that the memory has no room for are left out.
 */
export const calibrateDevice: CommandAction = async (values, { stdout, stderr, stop }) => {
  const header = await readGguf(String(values.calibrate));
  const writeNotice = (text: string) => stderr.write(plainText(`note: ${text}\n`));
  for (const doubt of calibrationDoubts(header)) writeNotice(doubt);
  const device = await new DeviceProfiler().profile();
  const cpuFeatures = await readCpuFeatures(new LocalMachine());
  const probe = new DeviceMemoryProbe();
  const threads = threadsToTry(Math.min(device.cpu_cores, await countUsableCores(new LocalMachine())));
  const rows: SpeedCalibration[] = [];

  const measure = async (model: GgufHeader, name: string, canMap = true): Promise<void> => {
    const { available_bytes: budget_bytes } = await probe.read();
    // Throws what does not fit before anything is loaded.
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
      const line = `${type.padEnd(6)}  ${where}: ${read.toFixed(1)} read and ${answer.toFixed(1)} answered per second\n`;
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
      : `Kept in ${plainLine(kept.path)}, for llama.cpp of node-llama-cpp ${ADDON_VERSION}.\n`,
  );
  return exitCodes.done;
};

/** One, half of the cores, all of them. */
function threadsToTry(cores: number): number[] {
  const tried = [1, Math.floor(cores / 2), cores].map((count) => Math.min(MAX_THREADS, Math.max(1, count)));
  return [...new Set(tried)].sort((one, other) => one - other);
}
