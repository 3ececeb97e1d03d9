import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";

/** Whether Prometheus's own tool is installed: Debian's package `prometheus` has it. */
export const hasPromtool = spawnSync("promtool", ["--version"]).status === 0;

/** Runs promtool with this text on its standard input. Returns all that it printed, and its exit code. */
export function promtool(
  args: readonly string[],
  input = "",
  folder?: string,
): { output: string; exitCode: number | null } {
  const { stdout, stderr, status } = spawnSync("promtool", args, { input, encoding: "utf8", cwd: folder });
  return { output: `${stdout}${stderr}`, exitCode: status };
}

/** A Python environment that stays for later runs. */
const ENVIRONMENT = path.join(
  process.env.XDG_CACHE_HOME || path.join(homedir(), ".cache"),
  "nanoagent-test-python/prometheus-client",
);

/** Returns a Python that has PyPI's `prometheus-client`, which is installed if it can be; null where it cannot. */
export function findPrometheusPython(): string | null {
  const installed = path.join(ENVIRONMENT, "bin/python");
  const found = ["python3", installed].find(hasParser);
  if (found !== undefined) return found;
  try {
    if (!existsSync(installed)) {
      mkdirSync(path.dirname(ENVIRONMENT), { recursive: true });
      execFileSync("python3", ["-m", "venv", ENVIRONMENT], { stdio: "ignore", timeout: 60_000 });
    }
    const install = ["-m", "pip", "install", "--quiet", "--retries", "0", "--timeout", "20", "prometheus-client"];
    execFileSync(installed, install, { stdio: "ignore", timeout: 60_000 });
  } catch {
    return null;
  }
  return hasParser(installed) ? installed : null;
}

function hasParser(python: string): boolean {
  return spawnSync(python, ["-c", "import prometheus_client.parser"]).status === 0;
}

const PROGRAM = `
import io, json, sys
from prometheus_client.parser import text_fd_to_metric_families
text = io.StringIO(sys.stdin.buffer.read().decode("utf-8"), newline="\\n")
families = [[f.name, f.type, f.documentation, [[s.name, s.labels, repr(s.value)] for s in f.samples]] for f in text_fd_to_metric_families(text)]
print(json.dumps(families))
`;

/** A family as Python's client reads it: name without `_total`, type, help, and the samples. */
export type PythonFamily = [
  name: string,
  type: string,
  help: string,
  samples: [string, Record<string, string>, string][],
];

/** Reads metrics with Python's client. Throws if it refuses them. */
export function parseWithPython(python: string, text: string): PythonFamily[] {
  const env = { ...process.env, PYTHONIOENCODING: "utf-8" };
  return JSON.parse(execFileSync(python, ["-c", PROGRAM], { input: text, encoding: "utf8", env }));
}
