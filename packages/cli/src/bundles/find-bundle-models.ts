import { stat } from "node:fs/promises";
import path from "node:path";
import type { BundleModel } from "@nanoagent/fleet/bundles";
import type { StoredModel } from "@nanoagent/hub/local-models";
import { modelNameIn, readWrittenConfig } from "@nanoagent/runtime/program";
import { UsageError } from "../errors/usage-error.js";
import { plainLine, plainText } from "../output/plain-text.js";
import { StatusLine } from "../output/status-line.js";
import { terminalAbilities } from "../output/terminal-style.js";
import type { Streams } from "../streams.js";
import { unlessStopped } from "./unless-stopped.js";

/** Names of a config, of which the root of a bundle has one. */
const CONFIGS = ["agent.yaml", "agent.json"];

/**
 * Returns the models that a bundle needs: those with the given names, and the one that its config names with `hub:`. Throws the
 * `HubError` of a model that is not in the store, and {@link UsageError} for one of several files.
 */
export async function findBundleModels(
  folder: string,
  names: readonly string[],
  streams: Pick<Streams, "stderr" | "stop">,
): Promise<readonly BundleModel[]> {
  const wanted = names.map((name) => name.replace(/^hub:/, ""));
  const configured = await modelOfConfig(folder);
  const all = new Set(configured === null ? wanted : [...wanted, configured]);
  const models: BundleModel[] = [];
  for (const name of all) models.push(await describeModel(name, streams));
  return models;
}

/** Returns the name in `model_path: hub:NAME` of the folder's config; null for a path, and for a variable of the device. */
async function modelOfConfig(folder: string): Promise<string | null> {
  for (const name of CONFIGS) {
    const file = path.join(folder, name);
    if ((await stat(file).catch(() => null)) === null) continue;
    const config = (await readWrittenConfig(file)) as { model_path?: unknown } | null;
    const modelPath = config?.model_path;
    const model = typeof modelPath === "string" ? modelNameIn(modelPath) : null;
    return model === null || model.includes("${") ? null : model;
  }
  return null;
}

/** Describes a model. Its source is a name that devices can download it by, where it has one. */
async function describeModel(name: string, { stderr, stop }: Pick<Streams, "stderr" | "stop">): Promise<BundleModel> {
  const { readHubEnvironment, resolveAnyName } = await import("@nanoagent/hub/local-models");
  const status = new StatusLine(stderr, terminalAbilities(stderr, process.env, false));
  const onHash = ({ hashedBytes, totalBytes }: { hashedBytes: number; totalBytes: number }) =>
    status.update(() => `Hashing ${plainLine(name)}: ${Math.floor((100 * hashedBytes) / Math.max(1, totalBytes))} %`);
  let model: StoredModel;
  try {
    model = await unlessStopped(stop, "the model was hashed", () =>
      resolveAnyName(name, readHubEnvironment(), { onHash, signal: stop }),
    );
  } finally {
    status.clear();
  }
  const { path: file, bytes, sha256 } = model;
  const { size } = await stat(file);
  if (size === bytes && sha256 !== null) {
    // The store keeps a model of an address by the name of its file.
    const isAddress = /^https?:/i.test(name);
    if (!isAddress && isOfThisDevice(model)) {
      stderr.write(
        plainText(
          `Devices cannot download the model ${name}, which was imported here or came from an address. Bring it to each with nanoagent models export and import first, or name its address.\n`,
        ),
      );
    }
    return { name, source: isAddress ? name : model.name, size, sha256 };
  }
  throw new UsageError({
    message: `The model ${plainLine(name)} cannot be in a bundle.`,
    reason: "It consists of several files, and a bundle names the hash of one.",
    hint: "Use a quantization that is one file.",
  });
}

/** Whether the store knows a model by a word alone, which says nothing about where to download it. */
function isOfThisDevice({ name, repository }: StoredModel): boolean {
  return repository === null && !name.includes("/") && !name.includes(":");
}
