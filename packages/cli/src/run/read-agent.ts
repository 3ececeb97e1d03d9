import type { NanoAgentConfigInput } from "@nanoagent/models";
import { readConfig } from "@nanoagent/runtime/node";
import { checkModelFile, resolveModelName } from "@nanoagent/runtime/program";
import type { OptionValues } from "../command-line/command.js";
import { DEFAULT_CONFIG_FILE, findDefaultConfig, hasDefaultConfig } from "../config/default-config-file.js";
import { findNamedModel } from "../named-models/find-named-model.js";
import { modelFileOf } from "../named-models/model-file-of.js";
import type { Streams } from "../streams.js";
import { configForModel } from "./config-for-model.js";

/**
 * Reads the agent of the command line: its config file, with `--model` instead of the config's model; or, without a config,
 * an agent that the model alone makes. A model may be named instead of its file: the config has the path of the file.
 * `say` gets notes on how the options were understood.
 */
export async function readAgent(
  { config: file, model, device }: OptionValues,
  streams: Streams,
  say: (notice: string) => void,
  command = "run",
): Promise<NanoAgentConfigInput> {
  if (file === undefined && model !== undefined) {
    if (!(await hasDefaultConfig())) return checkFlag(await configForModel(await modelFileOf(String(model), streams)));
    say(`Using ${DEFAULT_CONFIG_FILE} of this folder, with the model of --model.`);
  }
  const found = file ?? (await findDefaultConfig(`${command} needs --config PATH or --model PATH.`));
  const config = await readConfig(String(found), { device: device === "auto" ? "auto" : undefined });
  if (model !== undefined) return checkFlag({ ...config, model_path: await modelFileOf(String(model), streams) });
  return resolveModelName(config, (name) => findNamedModel(name, streams, String(found)));
}

/** Checks the model of the command line first, so that its faults are reported of the flag and not of the config. */
async function checkFlag<Config extends NanoAgentConfigInput>(config: Config): Promise<Config> {
  const { max_model_size_mb = Number.POSITIVE_INFINITY } = config.spec;
  if (config.model_path)
    await checkModelFile(config.model_path, max_model_size_mb, config.model_root ?? null, "--model");
  return config;
}
