import { fileURLToPath } from "node:url";
import { failedRow, reportRow } from "./report-row.mjs";
import { summarizeSamples } from "./summarize-samples.mjs";

/** @typedef {import("./report-row.mjs").Row} Row */
/** @typedef {import("./engine/several-tokens.mjs").TextFigures} TextFigures */

const DRAFTS_MILLISECONDS = 3_600_000;

const child = fileURLToPath(new URL("./engine/several-tokens-child.mjs", import.meta.url));

/**
 * Measures the effect of evaluating several tokens per step.
 *
 * @param {import("./model-bench.mjs").ModelBench} bench
 * @returns {Promise<Row[]>}
 */
export async function measureDrafts({ workbench, paths, options, models, progress }) {
  const rows = [];
  for (const { name, title, modelPath } of models("drafts")) {
    progress(`drafts: ${title}, ${options.pairs} pairs of seven texts`);
    try {
      const args = [child, paths.libraries, modelPath, String(options.pairs)];
      const limits = { cwd: workbench.folder, timeLimitMilliseconds: DRAFTS_MILLISECONDS };
      rows.push(...draftRows(name, title, JSON.parse((await workbench.run(process.execPath, args, limits)).stdout)));
    } catch (error) {
      rows.push(failedRow(["drafts", name], title, error));
    }
  }
  return rows;
}

/**
 * @param {string} name
 * @param {string} subject
 * @param {{ lookup: TextFigures[], grammar: TextFigures[] }} figures
 * @returns {Row[]}
 */
export function draftRows(name, subject, { lookup, grammar }) {
  const row = (/** @type {TextFigures} */ { kind, ratios, tokens, same = 1 }, /** @type {string} */ base) => {
    const differs = same === 1 ? "" : `; ${Math.round((1 - same) * 100)} % of the replies differ`;
    const measure = `${kind}: CPU time per token, ÷ ${base}`;
    const words = { subject, measure, unit: /** @type {const} */ ("×"), note: `${tokens} tokens${differs}` };
    return reportRow(["drafts", name, kind], words, summarizeSamples(ratios));
  };
  return [
    ...lookup.map((figures) => row(figures, "without drafts")),
    ...grammar.map((figures) => row(figures, "free text")),
  ];
}
