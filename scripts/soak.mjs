// Attacks the program many times: kills, full disks, damaged files, misbehaving tools. Prints a row per kind.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** Test suites with attacks. */
const ATTACKS = ["/soak/", "journal-kills", "damaged-headers", "odd-servers", "tool-memory", "tools-beside-model"];

const folder = mkdtempSync(path.join(tmpdir(), "nanoagent-soak-table-"));
const table = path.join(folder, "rows.jsonl");
const { status } = spawnSync(
  process.execPath,
  [
    "node_modules/vitest/vitest.mjs",
    "run",
    "--config",
    "scripts/vitest.config.ts",
    ...(process.argv.length > 2 ? process.argv.slice(2) : ATTACKS),
  ],
  { stdio: "inherit", env: { ...process.env, NANOAGENT_SOAK: "1", NANOAGENT_SOAK_TABLE: table } },
);
if (existsSync(table)) {
  const rows = readFileSync(table, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  console.table(Object.fromEntries(rows.map(({ attack, ...counts }) => [attack, counts])));
}
rmSync(folder, { recursive: true, force: true });
process.exit(status ?? 1);
