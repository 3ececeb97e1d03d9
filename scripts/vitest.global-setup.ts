import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** Builds the packages if the build is stale: some tests check the built packages. */
export default function setup(): () => void {
  const bootstrap = path.join(path.dirname(fileURLToPath(import.meta.url)), "bootstrap.mjs");
  const { status } = spawnSync(process.execPath, [bootstrap], { stdio: "inherit" });
  if (status !== 0) throw new Error("The packages could not be built");
  // Keeps the state of tests separate from the user's own measurements.
  const stateFolder = mkdtempSync(path.join(tmpdir(), "nanoagent-test-state-"));
  process.env.XDG_STATE_HOME = stateFolder;
  return () => rmSync(stateFolder, { recursive: true, force: true });
}
