import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, vi } from "vitest";
import { lighterPackages } from "../../../../scripts/lighter-packages.js";

/** Bundles `acting-client.ts` into a folder. Returns its path. */
export async function bundleActingClient(folder: string): Promise<string> {
  const program = path.join(folder, "acting-client.mjs");
  await build({
    entryPoints: [path.join(path.dirname(fileURLToPath(import.meta.url)), "acting-client.ts")],
    outfile: program,
    bundle: true,
    format: "esm",
    platform: "node",
    conditions: ["@nanoagent/source"],
    // Packages in CommonJS need it.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    plugins: [lighterPackages],
    logLevel: "error",
  });
  return program;
}

/** A process with a client that saves messages in a folder before it acknowledges them. */
export class ActingClient {
  readonly process: ChildProcess;
  /** All that it has said. */
  output = "";
  readonly #folder: string;

  constructor(program: string, folder: string, url: string, version = "auto", command: readonly string[] = []) {
    this.#folder = folder;
    const [first = process.execPath, ...rest] = [...command, process.execPath, program, url, version, folder];
    this.process = spawn(first, rest, { stdio: ["ignore", "pipe", "inherit"] });
    this.process.stdout?.on("data", (bytes) => {
      this.output += bytes;
    });
  }

  /** Resolves when it has a connection. */
  async connected(): Promise<void> {
    await vi.waitFor(() => expect(this.output).toContain("connected"), { timeout: 20_000 });
  }

  /** Texts of the saved messages, in their order. */
  get saved(): string[] {
    return readFileSync(path.join(this.#folder, "messages"), "utf8").split("\n").slice(0, -1);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const exit = once(this.process, "exit");
    this.process.kill(signal);
    await exit;
  }
}
