// Kills updates and rollbacks of an agent with SIGKILL at random moments, and checks after each kill that the old or the new
// release is in use, complete and able to run, and that the update then succeeds. Prints the counts. Needs a build.
//
//   node scripts/systems/bundle-kills.mjs [KILLS]
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const kills = process.argv[2] ?? "300";
const root = path.resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(path.join(tmpdir(), "nanoagent-kills-table-"));
const table = path.join(folder, "rows.jsonl");
const { status } = spawnSync(
  process.execPath,
  [
    "node_modules/vitest/vitest.mjs",
    "run",
    "--config",
    process.env.NANOAGENT_VITEST_CONFIG ?? "scripts/vitest.config.ts",
    "--project",
    "cli",
    "bundle-kills",
  ],
  { cwd: root, stdio: "inherit", env: { ...process.env, NANOAGENT_KILLS: kills, NANOAGENT_SOAK_TABLE: table } },
);
if (existsSync(table)) {
  const rows = readFileSync(table, "utf8").trim().split("\n");
  console.table(rows.map((row) => JSON.parse(row)));
}
rmSync(folder, { recursive: true, force: true });
process.exit(status ?? 1);
