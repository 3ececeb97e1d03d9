import path from "node:path";
import type { CommandAction } from "../command-line/command.js";
import { changeReleases } from "./change-releases.js";
import { releaseHost } from "./release-host.js";
import { UpdateReport } from "./update-report.js";

/** Goes back to the release before, and prints the result. */
export const rollBack: CommandAction = async (values, streams) => {
  const root = path.resolve(String(values.root));
  const report = new UpdateReport(values, streams);
  try {
    const result = await changeReleases(
      {
        root,
        create: false,
        request: { action: "roll-back" },
        change: (releases) => releases.rollBack(releaseHost, { signal: streams.stop, countsFinished: true }),
      },
      streams,
      report,
    );
    const { name, version, sequence } = result;
    return report.print(
      result,
      `${name} ${version} (sequence ${sequence}) is in use again: ${path.join(root, "current")}`,
    );
  } catch (error) {
    return report.printError(error, root);
  }
};
