import path from "node:path";
import { fileURLToPath } from "node:url";
import vm from "node:vm";
import { build, type Plugin } from "esbuild";
import { describe, expect, test } from "vitest";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../src/index.ts");

/** Every module that is reached from the root entry, and the packages outside; lazy imports are told apart. */
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
    external: ["node:*", "yaml", "@nanoagent/profiler"],
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
  const lazy = imports.filter((entry) => entry.lazy);
  const eager = new Set<string>();
  const visit = (file: string): void => {
    if (eager.has(file)) return;
    eager.add(file);
    for (const { to, lazy: isLazy } of imports.filter(({ from }) => from === file)) if (!isLazy) visit(to);
  };
  visit(Object.keys(metafile.inputs).find((file) => path.resolve(file) === root) ?? expect.fail("no root"));
  return { eager: [...eager], lazy: lazy.map(({ to }) => to) };
}

describe("the root entry", () => {
  test("reaches no node:* and no package beyond models", async () => {
    const { eager } = await reach();
    expect(eager.filter((file) => file.startsWith("node:"))).toEqual([]);
    const outside = eager.filter((file) => !file.includes("packages/runtime/src") && !file.startsWith("src/"));
    expect(outside.filter((file) => !/\/models\/src\/|node_modules\/(?:zod|fastest-levenshtein)\//.test(file))).toEqual(
      [],
    );
    expect(eager.length).toBeGreaterThan(10);
  });

  test("loads what needs Node by a lazy import alone", async () => {
    expect((await reach()).lazy.map((file) => path.basename(file))).toEqual(["check-model-file.ts"]);
  });

  test("holds a conversation in a browser, where node:* does not exist", async () => {
    const absent: Plugin = {
      name: "node is absent",
      setup({ onResolve, onLoad }) {
        onResolve({ filter: /^node:/ }, ({ path: name }) => ({ path: name, namespace: "absent" }));
        onLoad({ filter: /.*/, namespace: "absent" }, ({ path: name }) => ({
          contents: `throw new Error("there is no ${name} here"); export const stat = 0, access = 0, constants = 0;`,
        }));
      },
    };
    const { outputFiles } = await build({
      stdin: {
        resolveDir: path.dirname(root),
        contents: `
          import { NanoRuntime } from "./index.ts";
          export default (async () => {
            const runtime = new NanoRuntime();
            const device = { device_id: "tab", platform: "browser-wasm", memory_mb: 1024, cpu_cores: 4 };
            await runtime.load({ spec: { name: "page" }, device });
            const said = [];
            for await (const event of runtime.stream("hello")) if (event.type === "text-delta") said.push(event.text);
            said.push((await runtime.process("status")).content);
            await runtime.unload();
            const model = await runtime.load({ spec: { name: "page" }, device, model_path: "/a" }).catch((error) => error.message);
            return { said, model };
          })();`,
      },
      bundle: true,
      write: false,
      format: "iife",
      globalName: "result",
      platform: "browser",
      target: "es2022",
      conditions: ["@nanoagent/source"],
      plugins: [absent],
    });
    // What a browser has of all that this needs, and nothing of Node's.
    const page = { AbortController, AbortSignal, TextEncoder, setTimeout, clearTimeout };
    const { default: outcome } = vm.runInNewContext(`${outputFiles[0]?.text}; result`, page) as {
      default: Promise<unknown>;
    };
    expect(await outcome).toEqual({
      said: ["Hello from page! How can I assist?", "Runtime status: OK. Device=browser-wasm, Memory=1024MB, Cores=4."],
      model: "there is no node:fs/promises here",
    });
  });
});
