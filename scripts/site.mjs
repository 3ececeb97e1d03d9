// Builds the site: installs its tools into site/ from their own lockfile, and runs site/build.mjs. With --dev, serves it.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const site = path.join(root, "site");
const { packageManager } = JSON.parse(readFileSync(path.join(site, "package.json"), "utf8"));
const isWindows = process.platform === "win32";

run(isWindows ? "npx.cmd" : "npx", ["--yes", packageManager, "install", "--frozen-lockfile"], isWindows);
run(process.execPath, ["build.mjs", ...process.argv.slice(2)]);

function run(command, commandArguments, shell = false) {
  const { status } = spawnSync(command, commandArguments, { cwd: site, stdio: "inherit", shell });
  if (status !== 0) process.exit(status ?? 1);
}
