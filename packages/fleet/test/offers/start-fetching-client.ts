import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { onTestFinished } from "vitest";

/** Bundles `fetching-client.ts` into a folder. Returns its path. */
export async function bundleFetchingClient(folder: string): Promise<string> {
  const program = path.join(folder, "fetching-client.mjs");
  await build({
    entryPoints: [path.join(path.dirname(fileURLToPath(import.meta.url)), "fetching-client.ts")],
    outfile: program,
    bundle: true,
    format: "esm",
    platform: "node",
    conditions: ["@nanoagent/source"],
    // Packages in CommonJS need it.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    logLevel: "error",
  });
  return program;
}

/** A process that fetches a bundle. */
export class FetchingClient {
  readonly process: ChildProcess;
  output = "";

  constructor(program: string, args: readonly string[]) {
    this.process = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "inherit"] });
    this.process.stdout?.on("data", (bytes) => {
      this.output += bytes;
    });
    onTestFinished(() => this.kill());
  }

  /** Share that it has said last. */
  get share(): number {
    return Number(this.output.split("\n").findLast((line) => /^[\d.e-]+$/.test(line)) ?? 0);
  }

  /** First share that it has said: what an earlier process left. */
  get firstShare(): number {
    return Number(this.output.split("\n")[0]);
  }

  async ended(): Promise<number | null> {
    if (this.process.exitCode === null && this.process.signalCode === null) await once(this.process, "exit");
    return this.process.exitCode;
  }

  async kill(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const exit = once(this.process, "exit");
    this.process.kill("SIGKILL");
    await exit;
  }
}
