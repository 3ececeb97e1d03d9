import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { ScriptedReply } from "@nanoagent/runtime/testing";
import { build } from "esbuild";
import { onTestFinished } from "vitest";

/** A service with the page in a process of its own. */
export interface PageProcess {
  readonly url: string;
  /** Ends it with SIGKILL or SIGTERM. Resolves when it has ended. */
  end(signal: "SIGKILL" | "SIGTERM"): Promise<void>;
}

const here = path.dirname(fileURLToPath(import.meta.url));

/** Builds `page-program.ts` from the sources into a folder. Returns the program. */
export async function buildPageProgram(folder: string): Promise<string> {
  await build({
    entryPoints: [path.join(here, "page-program.ts")],
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    conditions: ["@nanoagent/source"],
    // The other form of jsonc-parser cannot be bundled.
    mainFields: ["module", "main"],
    external: ["@node-llama-cpp/*"],
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    logLevel: "error",
  });
  return path.join(folder, "page-program.mjs");
}

/** Starts the program for a session folder, until the end of the test. */
export async function startPage(program: string, dir: string, replies: readonly ScriptedReply[]): Promise<PageProcess> {
  const child: ChildProcess = fork(program, [dir, JSON.stringify(replies)], {
    env: { ...process.env, XDG_RUNTIME_DIR: path.join(dir, "..") },
  });
  const ended = once(child, "exit");
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.once("message", (message) => resolve(String(message)));
    child.once("exit", (code) => reject(new Error(`The service ended with ${code}.`)));
  });
  return {
    url,
    async end(signal) {
      child.kill(signal);
      await ended;
    },
  };
}
