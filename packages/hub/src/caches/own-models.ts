import { stat } from "node:fs/promises";
import path from "node:path";
import { cutText } from "@nanoagent/models";
import type { HubEnvironment } from "../environment/hub-environment.js";
import { isSafeName } from "../files/safe-name.js";
import { type WalkBudget, type WalkedEntry, walkFolder } from "../files/walk-folder.js";
import { HubError } from "../hub-error.js";
import { formatModelName } from "../names/format-model-name.js";
import type { OllamaName } from "../names/model-name.js";
import { isGgufPath, isOllamaNamespace, isOllamaPart, isWord } from "../names/name-rules.js";
import { quantizationLabel } from "../names/quantization-label.js";
import type { FoundFile, FoundModel, FoundModels } from "./found-model.js";
import { groupFiles, type NamedFile } from "./group-files.js";

/** Most entries of the folder that are looked at. */
const MAX_ENTRIES = 50_000;
const DEPTH = 4;

type Places = Pick<HubEnvironment, "modelsFolder">;

/** Returns the path for a model of Ollama's registry: `ollama/NAMESPACE/MODEL/TAG.gguf` in the models folder. */
export function ollamaModelPath({ modelsFolder }: Places, { namespace, model, tag }: OllamaName): string {
  if (!isOllamaNamespace(namespace) || ![model, tag].every((part) => isOllamaPart(part) && isSafeName(part))) {
    failName(formatModelName({ source: "ollama", namespace, model, tag }));
  }
  return path.join(modelsFolder, "ollama", namespace, model, `${tag}.gguf`);
}

/**
 * Returns the path for a file that was imported or comes from an address: `files/NAME.gguf` in the models folder. The
 * parts of a split model get a folder: `files/NAME/NAME-00001-of-00003.gguf`.
 */
export function namedModelPath(
  { modelsFolder }: Places,
  name: string,
  part?: { number: number; count: number },
): string {
  if (!isWord(name) || !isSafeName(name)) failName(name);
  if (part === undefined) return path.join(modelsFolder, "files", `${name}.gguf`);
  const digits = (number: number) => String(number).padStart(5, "0");
  return path.join(modelsFolder, "files", name, `${name}-${digits(part.number)}-of-${digits(part.count)}.gguf`);
}

/** Returns the folder for the texts of a model's license: `licenses/NAME` in the models folder. */
export function licenseFolder({ modelsFolder }: Places, name: string): string {
  return path.join(modelsFolder, "licenses", name.replaceAll(/[^A-Za-z0-9._-]+/g, "-"));
}

/** Lists the models in the models folder: those of Ollama's registry, of addresses, and imported ones. */
export async function listOwnModels({ modelsFolder }: Places): Promise<FoundModels> {
  const budget: WalkBudget = { entriesLeft: MAX_ENTRIES };
  const found: FoundModels = { models: [], notices: [] };
  const split = new Map<string, NamedFile[]>();
  for (const entry of await walkFolder(modelsFolder, DEPTH, budget)) {
    if (!isGgufPath(entry.relative)) continue;
    const file = await fileOf(entry);
    if (file === null) continue;
    const [kind, first = "", second, third, ...more] = entry.relative.slice(0, -".gguf".length).split("/");
    if (kind === "files" && isWord(first)) {
      if (second === undefined) found.models.push(ownModel(first, "import", [file], first));
      else if (third === undefined)
        split.set(first, [...(split.get(first) ?? []), { ...file, name: `${second}.gguf` }]);
    } else if (kind === "ollama" && second && third && more.length === 0) {
      if (!isOllamaNamespace(first) || !isOllamaPart(second) || !isOllamaPart(third)) continue;
      const name = formatModelName({ source: "ollama", namespace: first, model: second, tag: third });
      found.models.push({ ...ownModel(name, "ollama", [file], third), repository: `${first}/${second}:${third}` });
    }
  }
  for (const [name, files] of split) {
    const { models, notices } = groupFiles(files);
    found.notices.push(...notices.map((notice) => `${name}: ${notice}`));
    for (const model of models.slice(0, 1)) found.models.push(ownModel(name, "import", model.files, name));
  }
  return found;
}

function ownModel(name: string, source: "import" | "ollama", files: FoundModel["files"], labeled: string): FoundModel {
  return {
    name,
    place: "own-models",
    source,
    repository: null,
    revision: null,
    references: [],
    file: null,
    quantization: quantizationLabel(labeled),
    files,
  };
}

async function fileOf({ path: file }: WalkedEntry): Promise<FoundFile | null> {
  const status = await stat(file).catch(() => null);
  if (!status?.isFile()) return null;
  return { path: file, bytes: status.size, mtimeMs: status.mtimeMs, sha256: null, gitSha1: null };
}

function failName(name: string): never {
  throw new HubError({
    code: "invalid-model-name",
    message: `${JSON.stringify(cutText(name, 80))} cannot be the name of a file in the models folder.`,
    reason: "Such a name has letters, digits, dots, - and _, without .. and separators.",
    hint: "Rename the file, for example to my-model.gguf, and import it again.",
  });
}
