import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { readTrustedKeys } from "@nanoagent/fleet/bundles";
import { listOf } from "../command-line/check-values.js";
import type { CommandAction } from "../command-line/command.js";
import { UsageError } from "../errors/usage-error.js";
import { changeReleases } from "./change-releases.js";
import { releaseHost } from "./release-host.js";
import { UpdateReport } from "./update-report.js";

/** Applies a bundle to a folder of releases, and prints the result. */
export const applyBundle: CommandAction = async (values, streams) => {
  const file = path.resolve(String(values.path));
  const root = path.resolve(String(values.root));
  const texts = await Promise.all(listOf(values.trust).map(readKeyFile));
  const keys = readTrustedKeys(texts);
  await requireFile(file);
  const report = new UpdateReport(values, streams);
  try {
    const result = await changeReleases(
      {
        root,
        create: true,
        request: { action: "apply", file, keys: texts },
        change: (releases) =>
          releases.apply({ file, keys }, releaseHost, { signal: streams.stop, onStep: report.step }),
      },
      streams,
      report,
    );
    const { name, version, sequence } = result;
    const bundle = `${name} ${version} (sequence ${sequence})`;
    return report.print(
      result,
      result.state === "current"
        ? `${bundle} is in use already.`
        : `${bundle} is in use: ${path.join(root, "current")}`,
    );
  } catch (error) {
    return report.printError(error, root);
  }
};

async function readKeyFile(file: string): Promise<string> {
  return readFile(file, "utf8").catch((error: Error) => {
    throw new UsageError({
      message: `The key ${file} cannot be read.`,
      reason: `${error.message}.`,
      hint: "Pass the PEM file of a public key, such as the .pub file of nanoagent bundle new-key.",
      cause: error,
    });
  });
}

async function requireFile(file: string): Promise<void> {
  if ((await stat(file).catch(() => null)) !== null) return;
  throw new UsageError({ message: `There is no file ${file}.`, hint: "Check the path of the bundle." });
}
