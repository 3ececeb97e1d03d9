import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** A service in a process of its own. */
export interface ServerProcess {
  readonly port: number;
  stop(): Promise<void>;
}

export interface Figures {
  rss: number;
  heapUsed: number;
  cpu: { user: number; system: number };
}

const here = path.dirname(fileURLToPath(import.meta.url));

/**
 * Builds `server-program.ts` from the sources and starts it. Headers and bodies may take the given time; 0 stands for the
 * usual limits.
 */
export async function startServer(kind: "own" | "bare" = "own", milliseconds = 0): Promise<ServerProcess> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "nanoagent-server-"));
  const program = path.join(folder, "server.mjs");
  await build({
    entryPoints: [path.join(here, "server-program.ts")],
    outfile: program,
    bundle: true,
    format: "esm",
    platform: "node",
    conditions: ["@nanoagent/source"],
    logLevel: "error",
  });
  const child = fork(program, [kind, String(milliseconds)], {
    execArgv: ["--expose-gc", "--max-semi-space-size=1"],
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.once("message", (message) => resolve(Number(message)));
    child.once("exit", (code) => reject(new Error(`The server exited with ${code}.`)));
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return {
    port,
    async stop() {
      child.kill("SIGKILL");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Memory after a collection, and the processor time so far. */
export async function readFigures({ port }: ServerProcess): Promise<Figures> {
  const response = await fetch(`http://127.0.0.1:${port}/figures`, { headers: { connection: "close" } });
  return (await response.json()) as Figures;
}
