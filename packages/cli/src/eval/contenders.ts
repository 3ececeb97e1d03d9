import path from "node:path";
import type { NanoAgentConfigInput } from "@nanoagent/models";
import { readConfig } from "@nanoagent/runtime/node";
import { checkModelFile, resolveModelName } from "@nanoagent/runtime/program";
import { listOf } from "../command-line/check-values.js";
import type { OptionValues } from "../command-line/command.js";
import { findDefaultConfig } from "../config/default-config-file.js";
import { findNamedModel } from "../named-models/find-named-model.js";
import { modelFileOf } from "../named-models/model-file-of.js";
import { configForModel } from "../run/config-for-model.js";
import type { Streams } from "../streams.js";

/** Engine under test: one column of the report. */
export interface Contender {
  name: string;
  /** Called just before the engine runs, because the free memory at that time matters. */
  readConfig: () => Promise<NanoAgentConfigInput>;
}

/** Returns the engines of the command line, or of the default config. Checks every file before any engine runs. */
export async function findContenders(values: OptionValues, streams: Streams): Promise<Contender[]> {
  const [models, configs] = [listOf(values.model), listOf(values.config)];
  const named = models.length + configs.length > 0;
  const files = named ? configs : [await findDefaultConfig("eval needs --config PATH or --model PATH.")];
  const contenders = [
    ...files.map((file) => ({
      path: file,
      readConfig: async () => resolveModelName(await readConfig(file), (name) => findNamedModel(name, streams, file)),
    })),
    ...models.map((model) => ({
      path: model,
      readConfig: async () => readModelConfig(await modelFileOf(model, streams)),
    })),
  ];
  for (const contender of contenders) await contender.readConfig();
  const shortNames = contenders.map((contender) =>
    path.basename(contender.path).replace(/\.(?:gguf|ya?ml|json)$/i, ""),
  );
  return contenders.map((contender, index) => {
    const name = shortNames[index] as string;
    const isShared = shortNames.filter((other) => other === name).length > 1;
    return { name: isShared ? contender.path : name, readConfig: contender.readConfig };
  });
}

async function readModelConfig(file: string): Promise<NanoAgentConfigInput> {
  await checkModelFile(file, Number.POSITIVE_INFINITY, null, "--model");
  return configForModel(file);
}
