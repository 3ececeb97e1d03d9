import { spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** Some tests look at the built packages: they are built when they are stale, and only then. */
export default function setup(): void {
  const bootstrap = path.join(path.dirname(fileURLToPath(import.meta.url)), "bootstrap.mjs");
  const { status } = spawnSync(process.execPath, [bootstrap], { stdio: "inherit" });
  if (status !== 0) throw new Error("The packages could not be built");
}
