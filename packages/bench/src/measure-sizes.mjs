import path from "node:path";
import { installedSize, sizeBelow } from "./installed-size.mjs";
import { packageNames } from "./packed-packages.mjs";
import { reportRow } from "./report-row.mjs";
import { summarizeSamples } from "./summarize-samples.mjs";

/** @typedef {import("./report-row.mjs").ReportRow} ReportRow */

/**
 * Measures the installed size of the runtime, the CLI and each package.
 *
 * @param {import("./installations.mjs").OwnFolders} folders
 * @returns {ReportRow[]}
 */
export function measureOwnSizes(folders) {
  const single = packageNames.map((name) => {
    const folder = path.join(name === "cli" ? folders.cli : folders.libraries, "node_modules/@nanoagent", name);
    return bytesRow(
      [`${name}-alone`, "bytes"],
      `@nanoagent/${name} alone`,
      "lengths of files",
      sizeBelow(folder).bytes,
    );
  });
  return [
    ...measureSize("runtime", "install @nanoagent/runtime", folders.runtime),
    ...measureSize("cli", "install @nanoagent/cli", folders.cli),
    ...single,
  ];
}

/** @param {string} name @param {string} subject @param {string} folder @returns {ReportRow[]} */
export function measureSize(name, subject, folder) {
  const { bytes, diskBytes, packages } = installedSize(folder);
  const words = { subject, measure: "packages", unit: /** @type {const} */ ("packages") };
  return [
    bytesRow([name, "bytes"], subject, "lengths of files", bytes),
    bytesRow([name, "disk"], subject, "in blocks on this disk", diskBytes),
    reportRow(["size", name, "packages"], words, summarizeSamples([packages])),
  ];
}

/** @param {[string, string]} figure @param {string} subject @param {string} measure @param {number} bytes @returns {ReportRow} */
function bytesRow(figure, subject, measure, bytes) {
  return reportRow(["size", ...figure], { subject, measure, unit: "MB" }, summarizeSamples([bytes / 2 ** 20]));
}
