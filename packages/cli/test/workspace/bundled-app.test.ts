import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { buildTinyGguf } from "@nanoagent/optimizer/testing";
import { addonPackage, findLlamaAddon } from "@nanoagent/runtime/engines/llama";
import { type BuildOptions, build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repository } from "../run-program.js";

const addon = await findLlamaAddon().catch(() => null);
const execute = promisify(execFile);

const device = { device_id: "d", platform: "linux-x86_64", memory_mb: 4096, cpu_cores: 1 };
const config = (model_path: string | null) =>
  JSON.stringify({
    spec: { name: "k", max_memory_mb: 400 },
    model_path,
    device,
    ...(model_path !== null && { engine: { context: 256 } }),
  });
const app = `
  import { NanoRuntime } from "@nanoagent/runtime";
  (async () => {
    const runtime = new NanoRuntime();
    await runtime.load(JSON.parse(process.env.CONFIG));
    const { content } = await runtime.process("hello");
    console.log("replied", typeof content);
    await runtime.unload();
  })().catch(({ code, failure, hint }) => console.log(JSON.stringify({ code, failure, hint })));`;

/** An app that uses parts which are loaded only if a config needs them. */
const appOfParts = `
  import { NanoRuntime } from "@nanoagent/runtime";
  import { readConfig } from "@nanoagent/runtime/node";
  import { createServer } from "node:http";
  (async () => {
    const reply = { choices: [{ index: 0, message: { role: "assistant", content: "hi" }, finish_reason: "stop" }] };
    const server = createServer((_, answer) => answer.end(JSON.stringify(reply))).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const runtime = new NanoRuntime();
    const config = await readConfig("agent.yaml");
    const url = "http://127.0.0.1:" + server.address().port + "/v1";
    await runtime.load({ ...config, engine: { ...config.engine, url } });
    console.log((await runtime.process("soil of 3")).content);
    console.log((await runtime.process("hello")).content);
    await runtime.unload();
    server.close();
    server.closeAllConnections();
  })();`;
const configOfParts = (server: string) => `
spec: { name: k, max_memory_mb: 400 }
device: { device_id: d, platform: linux-x86_64, memory_mb: 4096, cpu_cores: 1 }
engine: { type: openai-compatible, url: "http://127.0.0.1:9/v1", model: m, context: 4096 }
intents:
  slots: { bed: { from: 1, to: 8 } }
  definitions: [{ name: soil, sentences: ["soil of {bed}"], tool: garden_read_soil, answer: "{result.moisture_percent} %" }]
mcp_servers: { garden: { command: [node, ${JSON.stringify(server)}], permission: always } }
`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nanoagent-bundled-"));
  await writeFile(path.join(folder, "m.gguf"), buildTinyGguf());
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Bundles the app into a new folder, with `host` also the program of the engine's process. */
async function bundle(
  title: string,
  { format, host, source = app, ...options }: BuildOptions & { host: boolean; source?: string },
): Promise<string> {
  const out = path.join(folder, title);
  await mkdir(out, { recursive: true });
  const extension = format === "esm" ? ".mjs" : ".cjs";
  // Bundlers resolve packages from the importing file: this package has all of them installed.
  const entry = path.join(repository, "packages/cli", `bundled-${process.pid}-${title}.mjs`);
  await writeFile(entry, source);
  try {
    await build({
      entryPoints: { app: entry, ...(host && { "host-program": "@nanoagent/runtime/host-program" }) },
      absWorkingDir: path.join(repository, "packages/cli"),
      bundle: true,
      platform: "node",
      outdir: out,
      outExtension: { ".js": extension },
      logLevel: "silent",
      ...(format !== undefined && { format }),
      ...options,
    });
  } finally {
    await rm(entry);
  }
  return path.join(out, `app${extension}`);
}

async function run(file: string, model: string | null): Promise<string> {
  const { stdout } = await execute(process.execPath, [file], {
    cwd: path.dirname(file),
    env: { ...process.env, CONFIG: config(model) },
    timeout: 60_000,
  });
  return stdout.trim();
}

/** The banner from `docs/embedding.md`. */
const banner = {
  js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
};

const forms: [string, BuildOptions][] = [
  ["esm", { format: "esm", banner }],
  ["cjs", { format: "cjs" }],
  ["esm-minified", { format: "esm", minify: true, banner }],
  ["cjs-minified", { format: "cjs", minify: true, keepNames: false }],
  ["esm-split", { format: "esm", splitting: true, chunkNames: "chunks/[name]-[hash]", banner }],
];

describe("an app as a bundle of esbuild", () => {
  test.each(forms)("answers by its rules without other files: %s", async (title, options) => {
    expect(await run(await bundle(`rules-${title}`, { ...options, host: false }), null)).toBe("replied string");
  });

  test.each(forms)("reads a config, starts an MCP server and uses a model server: %s", async (title, options) => {
    const file = await bundle(`parts-${title}`, { ...options, host: false, source: appOfParts });
    const server = path.join(repository, "packages/runtime/test/tools/mcp/greenhouse-server.mjs");
    await writeFile(path.join(path.dirname(file), "agent.yaml"), configOfParts(server));
    expect(await run(file, null)).toBe("43 %\nhi");
  });

  describe.skipIf(addon === null)("with a local model (needs llama.cpp's package)", () => {
    test.each(forms)("runs it with its host beside it: %s", async (title, options) => {
      const file = await bundle(`model-${title}`, { ...options, host: true });
      const place = path.join(path.dirname(file), "node_modules", addonPackage());
      await mkdir(path.dirname(place), { recursive: true });
      await symlink(path.resolve(addon ?? "", "../.."), place, "junction");
      expect(await run(file, path.join(folder, "m.gguf"))).toBe("replied string");
    });

    test.each(forms)("names the missing file if its host was left out: %s", async (title, options) => {
      const file = await bundle(`alone-${title}`, { ...options, host: false });
      expect(JSON.parse(await run(file, path.join(folder, "m.gguf")))).toEqual({
        code: "engine-unavailable",
        failure: "host-not-found",
        hint: expect.stringContaining("host-program"),
      });
    });

    test("names the llama.cpp package if it was left out", async () => {
      const file = await bundle("without-addon", { format: "esm", host: true });
      const { code, hint } = JSON.parse(await run(file, path.join(folder, "m.gguf")));
      expect({ code, hint }).toEqual({ code: "engine-unavailable", hint: expect.stringContaining(addonPackage()) });
    });
  });

  test("is built without the optional packages, and names a missing one at run time", async () => {
    const place = path.join(folder, "peerless");
    for (const name of ["models", "runtime"]) {
      const to = path.join(place, "node_modules/@nanoagent", name);
      await cp(path.join(repository, "packages", name, "dist"), path.join(to, "dist"), { recursive: true });
      await cp(path.join(repository, "packages", name, "package.json"), path.join(to, "package.json"));
    }
    await writeFile(path.join(place, "app.mjs"), app);
    for (const format of ["esm", "cjs"] as const) {
      const outfile = path.join(place, `out.${format === "esm" ? "mjs" : "cjs"}`);
      const entryPoints = [path.join(place, "app.mjs")];
      await build({ entryPoints, bundle: true, platform: "node", format, outfile, logLevel: "silent" });
      const { code, hint } = JSON.parse(await run(outfile, path.join(folder, "m.gguf")));
      expect({ code, hint }).toEqual({ code: "missing-peer", hint: "Run: npm install @nanoagent/profiler" });
    }
  });
});
