// Checks the sizes of the packed packages against their budgets, for CI: fast, and without a registry.
import { budgets } from "./budgets.mjs";
import { installOwnPackages } from "./installations.mjs";
import { judgeRow } from "./judge-row.mjs";
import { measureOwnSizes } from "./measure-sizes.mjs";
import { packPackages } from "./packed-packages.mjs";
import { renderReport, renderShortfalls } from "./render-report.mjs";
import { Workbench } from "./workbench.mjs";

const progress = (/** @type {string} */ what) => process.stderr.write(`${what}\n`);

const workbench = new Workbench();
try {
  const tarballs = await packPackages(workbench, progress);
  const rows = measureOwnSizes(await installOwnPackages(workbench, tarballs, progress));
  process.stdout.write(renderReport(rows, budgets));
  for (const line of renderShortfalls(rows, budgets)) progress(line);
  process.exitCode = rows.some((row) => judgeRow(row, budgets)?.fails) ? 1 : 0;
} finally {
  workbench.close();
}
