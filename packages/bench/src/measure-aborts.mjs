import { fileURLToPath } from "node:url";
import { failedRow, reportRow } from "./report-row.mjs";
import { summarizeSamples } from "./summarize-samples.mjs";

/** @typedef {import("./report-row.mjs").Row} Row */
/** @typedef {{ reply_ms: number, free_ms: number }} Aborted */

const ABORTS_MILLISECONDS = 900_000;

const child = fileURLToPath(new URL("./engine/abort-child.mjs", import.meta.url));

/**
 * Measures when an aborted reply ends, and when the engine is free again.
 *
 * @param {import("./model-bench.mjs").ModelBench} bench
 * @returns {Promise<Row[]>}
 */
export async function measureAborts({ workbench, paths, options, models, progress }) {
  const rows = [];
  for (const { name, title, modelPath } of models("abort")) {
    progress(`abort: ${title}, ${options.pairs} times`);
    try {
      const limits = {
        cwd: workbench.folder,
        timeLimitMilliseconds: ABORTS_MILLISECONDS,
        variables: options.variables,
      };
      const args = [child, paths.libraries, modelPath, String(options.pairs)];
      rows.push(...abortRows(name, title, JSON.parse((await workbench.run(process.execPath, args, limits)).stdout)));
    } catch (error) {
      rows.push(failedRow(["abort", name], title, error));
    }
  }
  return rows;
}

/** @param {string} name @param {string} subject @param {Record<"reading" | "writing", Aborted[]>} figures @returns {Row[]} */
export function abortRows(name, subject, figures) {
  return /** @type {const} */ (["reading", "writing"]).flatMap((work) => {
    const row = (
      /** @type {string} */ figure,
      /** @type {string} */ measure,
      /** @type {"reply_ms" | "free_ms"} */ key,
    ) =>
      reportRow(
        ["abort", name, `${work}-${figure}`],
        { subject, measure: `${work}: ${measure}`, unit: "ms" },
        summarizeSamples(figures[work].map(({ [key]: value }) => value)),
      );
    return [
      row("reply", "from the abort to the end of the reply", "reply_ms"),
      row("free", "wait of the next message", "free_ms"),
    ];
  });
}
