import path from "node:path";
import { fileURLToPath } from "node:url";
import vm from "node:vm";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../src/index.ts");

/** Returns every module that the root entry reaches, and external packages, with lazy imports listed separately. */
async function reach() {
  const { metafile } = await build({
    entryPoints: [root],
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    splitting: true,
    outdir: "unused",
    platform: "neutral",
    conditions: ["@nanoagent/source"],
    external: ["node:*", "yaml", "@nanoagent/profiler", "@modelcontextprotocol/client"],
    mainFields: ["module", "main"],
  });
  const imports = Object.entries(metafile.inputs).flatMap(([from, input]) =>
    input.imports.map(({ path: to, kind, external }) => ({
      from,
      to,
      lazy: kind === "dynamic-import",
      external: external === true,
    })),
  );
  const eager = new Set<string>();
  const visit = (file: string): void => {
    if (eager.has(file)) return;
    eager.add(file);
    for (const { to, lazy: isLazy } of imports.filter(({ from }) => from === file)) if (!isLazy) visit(to);
  };
  visit(Object.keys(metafile.inputs).find((file) => path.resolve(file) === root) ?? expect.fail("no root"));
  const lazy = imports.filter((entry) => entry.lazy && eager.has(entry.from)).map(({ to }) => to);
  return { eager: [...eager], lazy: [...new Set(lazy)], all: Object.keys(metafile.inputs) };
}

describe("the root entry", () => {
  test("imports no node:* module and no package except models", async () => {
    const { eager } = await reach();
    expect(eager.filter((file) => file.startsWith("node:"))).toEqual([]);
    const outside = eager.filter((file) => !file.includes("packages/runtime/src") && !file.startsWith("src/"));
    expect(outside.filter((file) => !/\/models\/src\/|node_modules\/(?:zod|fastest-levenshtein)\//.test(file))).toEqual(
      [],
    );
    expect(eager.length).toBeGreaterThan(10);
  });

  test("does not import the evaluation of scenarios, not even lazily", async () => {
    const { eager, lazy, all } = await reach();
    expect([...eager, ...lazy, ...all].filter((file) => /(?:^|\/)src\/eval\//.test(file))).toEqual([]);
    expect(all).toContainEqual(expect.stringMatching(/(?:^|\/)src\/engines\//));
  });

  test("imports modules that need Node only lazily", async () => {
    const { lazy } = await reach();
    expect(lazy.map((file) => path.basename(file))).toContain("node-parts.ts");
    expect(lazy.filter((file) => file.startsWith("node:"))).toEqual([]);
  });

  test("is published as one file, and lazy files import shared code from it", async () => {
    const { metafile } = await build({
      entryPoints: [path.resolve(path.dirname(root), "../dist/index.js")],
      bundle: true,
      write: false,
      metafile: true,
      format: "esm",
      splitting: true,
      outdir: "unused",
      platform: "neutral",
      external: ["node:*", "@nanoagent/*", "@modelcontextprotocol/*", "yaml", "#*"],
    });
    const eager = new Set<string>();
    const visit = (file: string): void => {
      if (eager.has(file)) return;
      eager.add(file);
      for (const { path: to, kind, external } of metafile.inputs[file]?.imports ?? []) {
        if (!external && kind === "import-statement") visit(to);
      }
    };
    visit(Object.keys(metafile.inputs).find((file) => file.endsWith("dist/index.js")) ?? expect.fail("no root"));
    expect([...eager].map((file) => path.basename(file))).toEqual(["index.js"]);
    const { SessionError } = await import("../dist/index.js" as string);
    const lazy = await import("../dist/node.js" as string);
    await expect(lazy.Journal.open("/dev/null/nowhere")).rejects.toBeInstanceOf(SessionError);
  });

  test("works in a browser bundle of the published files", async () => {
    const { outputFiles } = await build({
      stdin: {
        resolveDir: path.dirname(root),
        contents: `
          import { NanoRuntime } from "../dist/index.js";
          export default (async () => {
            const runtime = new NanoRuntime();
            const device = { device_id: "tab", platform: "browser-wasm", memory_mb: 1024, cpu_cores: 4 };
            await runtime.load({ spec: { name: "page" }, device });
            const said = [];
            for await (const event of runtime.stream("hello")) if (event.type === "text-delta") said.push(event.text);
            said.push((await runtime.process("status")).content);
            await runtime.unload();
            const model = await runtime.load({ spec: { name: "page" }, device, model_path: "/a" }).catch((error) => error.code);
            return { said, model };
          })();`,
      },
      bundle: true,
      write: false,
      format: "iife",
      globalName: "result",
      platform: "browser",
      target: "es2022",
    });
    const code = outputFiles[0]?.text ?? "";
    expect(code).not.toMatch(/["']node:/);
    // The globals of a browser that this needs, and none of Node's.
    const page = { AbortController, AbortSignal, TextEncoder, performance, setTimeout, clearTimeout };
    const { default: outcome } = vm.runInNewContext(`${code}; result`, page) as { default: Promise<unknown> };
    expect(await outcome).toEqual({
      said: ["Hello from page! How can I assist?", "Runtime status: OK. Device=browser-wasm, Memory=1024MB, Cores=4."],
      model: "engine-unavailable",
    });
  });
});
