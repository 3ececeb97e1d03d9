import { stat } from "node:fs/promises";
import { ModelOptimizer } from "@nanoagent/optimizer";
import { DeviceProfiler } from "@nanoagent/profiler";
import type { CommandAction } from "../command.js";
import { UsageError } from "../errors/usage-error.js";
import { exitCodes } from "../exit-codes.js";
import { formatFields, formatJson } from "../output/format.js";
import { plainText } from "../output/plain-text.js";

const BYTES_PER_MB = 2 ** 20;
/** A model that cannot be looked at is taken to be so many times as large as its target. */
const ASSUMED_MODEL_TO_TARGET = 2;

export const adviseSize: CommandAction = async (values, { stdout, stderr }) => {
  const modelPath = String(values.model);
  const targetMb = Number(values["target-mb"]);
  const fileSizeMb = await sizeOf(modelPath);
  const modelSizeMb = fileSizeMb ?? targetMb * ASSUMED_MODEL_TO_TARGET;
  if (fileSizeMb === null) {
    stderr.write(plainText(`note: there is no file ${modelPath}; its size is taken to be twice the target.\n`));
  }
  const optimizer = new ModelOptimizer();
  const advice = optimizer.quantizeConfig(modelSizeMb, targetMb);
  const device = await new DeviceProfiler().profile();
  const latencyMs = optimizer.estimateLatency(modelSizeMb, device);
  stdout.write(
    values.json
      ? formatJson({
          model_path: modelPath,
          model_size_mb: modelSizeMb,
          model_size_is_estimate: fileSizeMb === null,
          target_mb: targetMb,
          ...advice,
          latency_ms: latencyMs,
          device,
        })
      : formatFields(17, {
          "Model size": `${modelSizeMb.toFixed(1)} MB`,
          "Target size": `${targetMb.toFixed(1)} MB`,
          Quantization: advice.quantization,
          Bits: String(advice.bits),
          "Est. size after": `${advice.expected_size_mb.toFixed(1)} MB`,
          "Est. latency": `${latencyMs.toFixed(1)} ms`,
          Notes: advice.notes,
        }),
  );
  return exitCodes.done;
};

/** The file's size, or null when there is no such file. */
async function sizeOf(modelPath: string): Promise<number | null> {
  try {
    const status = await stat(modelPath);
    if (!status.isFile())
      throw new UsageError({ message: `${modelPath} is not a file.`, hint: "Name one model file." });
    if (status.size === 0)
      throw new UsageError({ message: `${modelPath} is empty.`, hint: "Was its download interrupted?" });
    return status.size / BYTES_PER_MB;
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw new UsageError({
      message: `${modelPath} cannot be looked at.`,
      reason: message,
      hint: "Check its path and its permissions.",
      cause,
    });
  }
}
