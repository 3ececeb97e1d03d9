import { findStoredModel, listModels, localNameOf, readHubEnvironment, type StoredModel } from "@nanoagent/hub";
import type { CommandAction } from "../command-line/command.js";
import { exitCodes } from "../exit-codes.js";
import { findNamedModel } from "../named-models/find-named-model.js";
import { mb } from "../optimize/format-plans.js";
import { formatFields, formatJson } from "../output/format.js";
import { type Column, formatTable } from "../output/format-table.js";
import { plainLine, plainText } from "../output/plain-text.js";
import type { Streams } from "../streams.js";

/** Programs that a model's file belongs to, for people. */
const ORIGINS: Readonly<Record<StoredModel["source"], string>> = {
  huggingface: "Hugging Face",
  ollama: "Ollama",
  "lm-studio": "LM Studio",
  address: "an address",
  import: "imported",
};

const COLUMNS: readonly Column<StoredModel>[] = [
  { title: "name", isText: true, cell: ({ name }) => plainLine(name) },
  { title: "MB", cell: ({ bytes }) => mb(bytes) },
  { title: "from", isText: true, leftOut: 1, cell: ({ source }) => ORIGINS[source] },
  { title: "license", isText: true, leftOut: 2, cell: ({ license }) => plainLine(license ?? "unknown") },
  { title: "contents", isText: true, cell: ({ verified }) => (verified ? "verified" : "unverified") },
];

/** Lists the models on this device. */
export const listStore: CommandAction = async ({ json }, streams) => {
  const { models, notices } = await listModels(readHubEnvironment());
  writeNotices(notices, streams);
  const { stdout } = streams;
  if (json) stdout.write(formatJson({ models }));
  else if (models.length === 0) {
    stdout.write("This device has no models. nanoagent models recommend lists those that fit it.\n");
  } else {
    const width = stdout.isTTY === true && stdout.columns ? stdout.columns : Number.POSITIVE_INFINITY;
    stdout.write(plainText(`${formatTable(models, COLUMNS, width).join("\n")}\n`));
  }
  return exitCodes.done;
};

/** Shows the facts of one model on this device. */
export const showModel: CommandAction = async ({ json, model }, { stdout }) => {
  const environment = readHubEnvironment();
  const stored = await findStoredModel(await localNameOf(String(model), environment), environment);
  if (json) stdout.write(formatJson(stored));
  else {
    stdout.write(
      formatFields(14, {
        Name: plainLine(stored.name),
        Path: plainLine(stored.path),
        Size: `${mb(stored.bytes)} MB`,
        Quantization: stored.quantization ?? "unknown",
        From: ORIGINS[stored.source],
        Repository: plainLine(stored.repository ?? "unknown"),
        Revision: plainLine(stored.revision ?? "unknown"),
        License: plainLine(stored.license ?? "unknown"),
        "SHA-256": stored.sha256 ?? "unknown",
        Contents: stored.verified ? "verified" : "unverified: hashed before the next use",
      }),
    );
  }
  return exitCodes.done;
};

/** Prints the absolute path of a model, which is verified first. */
export const printPath: CommandAction = async ({ json, model }, streams) => {
  const path = await findNamedModel(String(model), streams);
  streams.stdout.write(json ? formatJson({ path }) : `${path}\n`);
  return exitCodes.done;
};

export function writeNotices(notices: Iterable<string>, { stderr }: Pick<Streams, "stderr">): void {
  for (const notice of notices) stderr.write(plainText(`note: ${notice}\n`));
}
