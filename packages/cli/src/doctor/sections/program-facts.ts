import { realpath } from "node:fs/promises";
import os from "node:os";
import { version } from "../../../package.json";
import type { PartFacts } from "../report-section.js";

/** Gathers the versions of program and Node, and how they were installed. */
export async function gatherProgram(): Promise<PartFacts> {
  const script = process.argv[1] ?? null;
  const program = script === null ? null : await realpath(script).catch(() => script);
  const libc = readLibcVersion();
  const data = {
    nanoagent: version,
    node: process.versions.node,
    v8: process.versions.v8,
    platform: process.platform,
    architecture: process.arch,
    system: `${os.type()} ${os.release()}`,
    libc: libc ?? "unknown",
    installed: describeInstallation(program ?? ""),
    program,
    node_program: process.execPath,
    node_options: process.execArgv,
    is_root: process.geteuid?.() === 0,
    working_folder: readWorkingFolder(),
    time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
  const summary = `nanoagent ${version}, Node ${data.node}, ${data.platform} ${data.architecture}${libc === null ? "" : `, ${libc}`}`;
  return { summary, data };
}

/** Returns how the program was installed, from the path of its main file. */
export function describeInstallation(program: string): string {
  const file = program.replaceAll("\\", "/");
  if (/\/_npx\/[^/]+\/node_modules\//.test(file)) return "with npx, in its cache";
  if (/\/(?:pnpm|\.pnpm)\/.*node_modules\//.test(file)) return "with pnpm";
  if (/\/(?:\.nvm|nvm|\.fnm|fnm|fnm_multishells|\.volta|\.asdf|mise)\/.*node_modules\//.test(file))
    return "with npm, for a Node of a version manager";
  if (/\/lib\/node_modules\/|\/npm\/node_modules\//.test(file)) return "with npm install --global";
  if (file.includes("/node_modules/")) return "as a dependency in a folder";
  return file === "" ? "unknown" : "from the sources";
}

/** Newer versions of Node have the switch; their types here do not. */
type Reports = { excludeNetwork?: boolean; getReport(): object };

function readLibcVersion(): string | null {
  if (process.platform !== "linux") return null;
  try {
    const report: Reports = process.report;
    // Without it, the report asks for the names of all connected machines.
    report.excludeNetwork = true;
    const { header } = report.getReport() as { header?: { glibcVersionRuntime?: string } };
    return header?.glibcVersionRuntime === undefined ? "musl or another libc" : `glibc ${header.glibcVersionRuntime}`;
  } catch {
    return null;
  }
}

function readWorkingFolder(): string | null {
  try {
    return process.cwd();
  } catch {
    // The folder was removed.
    return null;
  }
}
