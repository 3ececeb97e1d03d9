import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";

/** Wyoming's own library, and a program of it that needs Flask. */
const PACKAGES = ["wyoming[http,zeroconf]==1.9.0"];
const IMPORTS = "import wyoming.client, wyoming.http.intent_server, asgiref, zeroconf";

/** A Python environment that stays for later runs. */
const ENVIRONMENT = path.join(
  process.env.XDG_CACHE_HOME || path.join(homedir(), ".cache"),
  "nanoagent-test-python/wyoming",
);

/** Returns a Python that has Wyoming's library, which is installed if it can be; null where it cannot. */
export function findWyomingPython(): string | null {
  const installed = path.join(ENVIRONMENT, "bin/python");
  if (hasLibrary(installed)) return installed;
  try {
    if (!existsSync(installed)) {
      mkdirSync(path.dirname(ENVIRONMENT), { recursive: true });
      execFileSync("python3", ["-m", "venv", ENVIRONMENT], { stdio: "ignore", timeout: 60_000 });
    }
    const install = ["-m", "pip", "install", "--quiet", "--retries", "0", "--timeout", "20", ...PACKAGES];
    execFileSync(installed, install, { stdio: "ignore", timeout: 120_000 });
  } catch {
    return null;
  }
  return hasLibrary(installed) ? installed : null;
}

function hasLibrary(python: string): boolean {
  return spawnSync(python, ["-c", IMPORTS]).status === 0;
}
