import {
  exportModel,
  importModel,
  localNameOf,
  pruneStore,
  readHubEnvironment,
  removeModel,
  type VerifiedModelReport,
  verifyModels,
} from "@nanoagent/hub";
import type { CommandAction, OptionValues } from "../command-line/command.js";
import { UsageError } from "../errors/usage-error.js";
import { exitCodes } from "../exit-codes.js";
import { mb } from "../optimize/format-plans.js";
import { formatJson } from "../output/format.js";
import { plainLine, plainText } from "../output/plain-text.js";
import { DownloadProgress } from "./download-progress.js";
import { writeNotices } from "./show-store.js";

/** Hashes one model or all, and compares them with their hashes. Exit code 1 if one is damaged. */
export const verifyStore: CommandAction = async (values, streams) => {
  const { stdout, stop } = streams;
  const isJson = values.json === true;
  const progress = new DownloadProgress(streams, { isJson: false, isShown: !isJson });
  try {
    const { reports, notices } = await verifyModels(
      values.model === undefined ? null : await localName(values),
      readHubEnvironment(),
      {
        signal: stop,
        onHash: ({ name, hashedBytes, totalBytes }) => {
          progress.name(`Verifying ${name}`);
          progress.report(hashedBytes, totalBytes);
        },
        onReport: (report) => {
          progress.clear();
          if (!isJson) stdout.write(plainText(describeReport(report)));
        },
      },
    );
    progress.clear();
    writeNotices(notices, streams);
    if (isJson) {
      const models = reports.map(({ model, result, error }) => ({ ...model, result, error: error?.toJSON() ?? null }));
      stdout.write(formatJson({ models }));
    } else if (reports.length === 0) stdout.write("This device has no models.\n");
    return reports.some(({ result }) => result === "wrong") ? exitCodes.failed : exitCodes.done;
  } finally {
    progress.clear();
  }
};

function describeReport({ model, result, error }: VerifiedModelReport): string {
  const name = plainLine(model.name);
  if (result === "right") return `${name}: verified\n`;
  if (result === "unknown") return `${name}: hashed for the first time, without a known hash to compare it with\n`;
  return `${name}: ${[error?.message, error?.hint].filter(Boolean).join(" ")}\n`;
}

/** Removes a model that nanoagent put on this device. */
export const removeFromStore: CommandAction = async (values, streams) => {
  const { name, removed, freedBytes, notices } = await removeModel(await localName(values), readHubEnvironment());
  writeNotices(notices, streams);
  const { stdout } = streams;
  if (values.json) stdout.write(formatJson({ name, removed, freed_bytes: freedBytes }));
  else stdout.write(plainText(`Removed ${name}: ${mb(freedBytes)} MB are free again.\n`));
  return exitCodes.done;
};

/** Adds a GGUF file, or a file that export wrote. */
export const importFile: CommandAction = async (values, streams) => {
  const progress = new DownloadProgress(streams, { isJson: false, isShown: values.json !== true });
  progress.name("Importing");
  try {
    const { model, notices } = await importModel(String(values.file), readHubEnvironment(), {
      signal: streams.stop,
      onProgress: ({ doneBytes, totalBytes }) => progress.report(doneBytes, totalBytes),
    });
    progress.clear();
    writeNotices(notices, streams);
    if (values.json) streams.stdout.write(formatJson(model));
    else {
      streams.stderr.write(
        plainText(`Imported ${model.name}. To talk to it:\n  nanoagent run --model ${model.name}\n`),
      );
      streams.stdout.write(`${model.path}\n`);
    }
    return exitCodes.done;
  } finally {
    progress.clear();
  }
};

/** Writes a model into one file. */
export const exportFile: CommandAction = async (values, streams) => {
  if (values.output === undefined) {
    throw new UsageError({
      message: "models export needs --output FILE.",
      hint: "For example: nanoagent models export NAME --output model.tar",
    });
  }
  if (values.output === "-") {
    throw new UsageError({
      message: "--output - is not supported by models export.",
      reason: "The model is checked while it is written, so it must go to a file first.",
      hint: "For example: nanoagent models export NAME --output model.tar",
    });
  }
  const progress = new DownloadProgress(streams, { isJson: false, isShown: values.json !== true });
  progress.name("Exporting");
  try {
    const { path, bytes, manifest } = await exportModel(await localName(values), readHubEnvironment(), {
      output: String(values.output),
      signal: streams.stop,
      onProgress: ({ writtenBytes, totalBytes }) => progress.report(writtenBytes, totalBytes),
    });
    progress.clear();
    if (values.json) streams.stdout.write(formatJson({ path, bytes, manifest }));
    else {
      const words = `Wrote ${mb(bytes)} MB. On the other device:\n  nanoagent models import ${plainLine(String(values.output))}\n`;
      streams.stderr.write(plainText(words));
      streams.stdout.write(`${path}\n`);
    }
    return exitCodes.done;
  } finally {
    progress.clear();
  }
};

/** Removes partial downloads, and data that no model uses. */
export const pruneFromStore: CommandAction = async (values, streams) => {
  const isDryRun = values["dry-run"] === true;
  const { files, freedBytes, forgotten, notices } = await pruneStore(readHubEnvironment(), { isDryRun, all: true });
  writeNotices(notices, streams);
  const { stdout } = streams;
  if (values.json) {
    stdout.write(formatJson({ files, freed_bytes: freedBytes, forgotten }));
    return exitCodes.done;
  }
  for (const { path, bytes } of files) stdout.write(plainText(`${path} (${mb(bytes)} MB)\n`));
  const verb = isDryRun ? "Would free" : "Freed";
  stdout.write(`${verb} ${mb(freedBytes)} MB in ${files.length} ${files.length === 1 ? "file" : "files"}.\n`);
  return exitCodes.done;
};

/** Returns the name by which the store knows the model of the command line. */
function localName({ model }: OptionValues): Promise<string> {
  return localNameOf(String(model), readHubEnvironment());
}
