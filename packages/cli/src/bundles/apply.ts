import path from "node:path";
import type { CommandAction } from "../command-line/command.js";
import { changeReleases } from "./change-releases.js";
import { pathOperand, readTrustOption } from "./command-line-files.js";
import { releaseHost } from "./release-host.js";
import { UpdateReport } from "./update-report.js";

/** Applies a bundle to a folder of releases, and prints the result. */
export const applyBundle: CommandAction = async (values, streams) => {
  const file = path.resolve(await pathOperand(values));
  const root = path.resolve(String(values.root));
  const keys = await readTrustOption(values);
  const report = new UpdateReport(values, streams);
  try {
    const result = await changeReleases(
      {
        root,
        create: true,
        request: { action: "apply", file, keys: keys.map(({ line }) => line) },
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
    return report.printError(error, root, file);
  }
};
