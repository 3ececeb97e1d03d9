import { stat } from "node:fs/promises";
import path from "node:path";
import { readModel } from "@nanoagent/optimizer";
import { ADDON_VERSION, addonPackage, findLlamaAddon } from "@nanoagent/runtime/engines/llama";
import { engineTypeOf, modelNameIn } from "@nanoagent/runtime/program";
import type { ExaminedConfig } from "../examined-config.js";
import { findWithoutHashing } from "../find-without-hashing.js";
import type { PartFacts } from "../report-section.js";

/** Gathers the package of llama.cpp, and the facts in the header of the config's model. Reads no weights. */
export async function gatherEngine(examined: ExaminedConfig): Promise<PartFacts> {
  const llama = await readLlama();
  const config = await examined.config();
  if (config === null) return { summary: `llama.cpp ${llama.state}`, data: { llama, model: null } };
  const type = engineTypeOf(config);
  const model = config.model_path === null ? null : await describeModel(config);
  const { api_key_env = null, url = null } = (config.engine ?? {}) as { api_key_env?: string; url?: string };
  const server =
    url === null ? null : { url, api_key_env, has_key: api_key_env !== null && !!process.env[api_key_env] };
  const summary = [`engine ${type}`, ...(model === null ? [] : [model.name]), `llama.cpp ${llama.state}`].join(", ");
  return { summary, data: { type, llama, server, model } };
}

async function readLlama() {
  const required = ADDON_VERSION;
  try {
    const name = addonPackage();
    const folder = await findLlamaAddon();
    return { package: name, required_version: required, state: `${required} is installed`, folder, error: null };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { package: null, required_version: required, state: "is not installed", folder: null, error: message };
  }
}

type Config = NonNullable<Awaited<ReturnType<ExaminedConfig["config"]>>>;

async function describeModel(config: Config) {
  const given = config.model_path ?? "";
  const named = modelNameIn(given);
  const about = { name: path.basename(named ?? given), given };
  try {
    const stored = named === null ? null : await findWithoutHashing(named);
    const file = stored?.path ?? given;
    const { size, mtime } = await stat(file);
    const { tensors_by_type, ...header } = await readModel(file);
    const tensors = Object.entries(tensors_by_type).map(
      ([type, { count, bytes }]) => `${count} × ${type}, ${bytes} bytes`,
    );
    const is_hashed = stored?.verified ?? null;
    return { ...about, path: file, bytes: size, changed_at: mtime.toISOString(), is_hashed, header, tensors };
  } catch (error) {
    return { ...about, error: error instanceof Error ? error.message : String(error) };
  }
}
