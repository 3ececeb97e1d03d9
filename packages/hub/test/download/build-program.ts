import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** Bundles the download program from the sources into a folder, and returns its path. */
export async function buildProgram(folder: string): Promise<string> {
  const program = path.join(folder, "download-program.mjs");
  await build({
    entryPoints: [path.join(path.dirname(fileURLToPath(import.meta.url)), "download-program.ts")],
    outfile: program,
    bundle: true,
    format: "esm",
    platform: "node",
    conditions: ["@nanoagent/source"],
    logLevel: "error",
  });
  return program;
}
