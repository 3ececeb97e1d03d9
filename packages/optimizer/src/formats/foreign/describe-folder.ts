import { opendir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { cutText } from "@nanoagent/models";
import { CONVERT_HINT, type ForeignFile, notModel, OTHER_FILE_HINT, otherFormat, shellWord } from "./foreign-file.js";

/** Most entries of a folder that are checked. */
const MAX_ENTRIES = 10_000;
/** Largest config.json that is read. Real ones have up to 100 KB. */
const MAX_CONFIG_BYTES = 2 ** 20;

/** Describes a folder that was given as a model: the kind of model in it, and the file to use instead. */
export async function describeFolder(folder: string): Promise<ForeignFile> {
  const names = await namesIn(folder);
  const models = names.filter((name) => /\.gguf$/i.test(name) && !/^mmproj|-mmproj/i.test(name)).sort();
  const [first] = models;
  if (first !== undefined) {
    const others = models.length === 1 ? "" : `, or another of the ${models.length} .gguf files in it`;
    return notModel("is a folder", `Use the model file in it: ${shellWord(path.join(folder, first))}${others}.`);
  }
  const has = (ending: RegExp) => names.some((name) => ending.test(name));
  if (/\.ml(package|modelc)$/i.test(folder)) return otherFormat("is a Core ML model", OTHER_FILE_HINT);
  if (has(/^saved_model\.pb$/)) return otherFormat("is a folder with a TensorFlow model", OTHER_FILE_HINT);
  if (has(/\.safetensors$/i) || has(/^pytorch_model.*\.bin$/i)) return describeWeights(folder);
  if (names.includes("blobs") && names.includes("manifests")) {
    return notModel("is Ollama's model folder", "Use the largest file in its folder blobs.");
  }
  if (names.includes("blobs") && names.includes("snapshots")) {
    return notModel("is a folder of the Hugging Face cache", "Use the .gguf file in a folder below snapshots.");
  }
  return notModel("is a folder without a .gguf file", "Use a model file.");
}

async function describeWeights(folder: string): Promise<ForeignFile> {
  const config = await readConfig(path.join(folder, "config.json"));
  const method = (config?.quantization_config as { quant_method?: unknown } | undefined)?.quant_method;
  const isMlx = typeof config?.quantization === "object" && config.quantization !== null;
  const quantized = typeof method === "string" ? cutText(method, 20).toUpperCase() : isMlx ? "MLX" : null;
  if (quantized === null) return otherFormat("is a folder with a model that is not in the GGUF format");
  return otherFormat(
    `is a folder with a model that was quantized for ${quantized}`,
    `Use the GGUF file of this model. ${CONVERT_HINT.replace(/^.*or create one: /, "Or create one from the unquantized model: ")}`,
  );
}

async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of await opendir(folder)) {
    names.push(name);
    if (names.length >= MAX_ENTRIES) break;
  }
  return names;
}

async function readConfig(file: string): Promise<Record<string, unknown> | null> {
  try {
    const status = await stat(file);
    // Reading a pipe would wait for a writer.
    if (!status.isFile() || status.size > MAX_CONFIG_BYTES) return null;
    const config: unknown = JSON.parse(await readFile(file, "utf8"));
    return typeof config === "object" && config !== null ? (config as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
