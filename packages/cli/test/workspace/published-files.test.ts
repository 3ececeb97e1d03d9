import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";
import { repository } from "../run-program.js";

const dist = (name: string) => path.join(repository, "packages", name, "dist");

/** Reads the imports of every published file of a package; imports of its own files are paths below `dist`. */
async function readGraph(name: string) {
  const folder = dist(name);
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith(".js"));
  const { metafile } = await build({
    entryPoints: files.map((file) => path.join(folder, file)),
    absWorkingDir: folder,
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    outdir: "unused",
    platform: "neutral",
    plugins: [
      {
        name: "nothing-outside",
        setup: ({ onResolve }) =>
          onResolve({ filter: /^[^./]/ }, ({ path: name, kind }) =>
            kind === "entry-point" ? undefined : { path: name, external: true },
          ),
      },
    ],
  });
  return new Map(
    Object.entries(metafile.inputs).map(([file, { imports }]) => [
      file,
      imports.map(({ path: to, kind, external }) => ({
        to,
        isLazy: kind === "dynamic-import",
        isOutside: external === true,
      })),
    ]),
  );
}

/** Returns the files and modules that are loaded before the first line of a file runs. */
function readBefore(graph: Awaited<ReturnType<typeof readGraph>>, file: string): string[] {
  const found = new Set<string>();
  const visit = (at: string): void => {
    if (found.has(at)) return;
    found.add(at);
    for (const { to, isLazy, isOutside } of graph.get(at) ?? []) {
      if (isOutside && !isLazy && !to.startsWith("node:")) found.add(to);
      else if (!isLazy && !isOutside) visit(to);
    }
  };
  visit(file);
  return [...found].sort();
}

describe("the published files", () => {
  test.each([
    ["models", 1, 55],
    ["optimizer", 3, 133],
    ["profiler", 4, 72],
    ["hub", 5, 232],
    ["runtime", 17, 800],
    ["server", 8, 510],
    ["fleet", 3, 160],
    ["cli", 38, 2900],
  ])("of %s are a few, with names that stay, and lines that a terminal can show", async (name, most, mostKilobytes) => {
    const files = (await readdir(dist(name), { recursive: true })).filter((file) => file.endsWith(".js"));
    expect(files.length).toBeLessThanOrEqual(most);
    expect(files.filter((file) => /-[A-Z0-9]{8}\.js$/.test(file))).toEqual([]);
    let bytes = 0;
    for (const file of files) {
      const text = await readFile(path.join(dist(name), file), "utf8");
      bytes += Buffer.byteLength(text);
      const lines = text.split("\n");
      // Texts and patterns are not wrapped, so this is the longest of them.
      expect(Math.max(...lines.map((line) => line.length)), file).toBeLessThan(6000);
    }
    // When a file grows beyond its limit, look for code that the command does not need.
    expect(bytes / 1024).toBeLessThan(mostKilobytes);
  });

  test.each([
    ["index.js", ["@nanoagent/models", "index.js"]],
    // An engine process loads these two files.
    ["engines/host-program.js", ["engines/host-program.js"]],
    ["llama-engine.js", ["llama-engine.js"]],
    ["tool-chooser.js", ["tool-chooser.js"]],
    ["tools.js", ["@nanoagent/models", "index.js", "tools.js"]],
    ["node/without-node.js", ["@nanoagent/models", "index.js", "node/without-node.js"]],
  ])("of the runtime: %s loads only the files it needs", async (file, expected) => {
    expect(readBefore(await readGraph("runtime"), file)).toEqual(expected);
  });

  test("of the server load nothing for listening where it is mounted in another server", async () => {
    expect(readBefore(await readGraph("server"), "index.js")).toEqual(["@nanoagent/models", "index.js"]);
  });

  test("of the runtime import no Node modules in a browser", async () => {
    const graph = await readGraph("runtime");
    const reached = new Set<string>();
    const visit = (file: string): void => {
      if (reached.has(file)) return;
      reached.add(file);
      for (const { to, isOutside } of graph.get(file) ?? []) {
        if (isOutside) reached.add(to);
        else visit(to);
      }
    };
    visit("index.js");
    visit("node/without-node.js");
    expect([...reached].filter((file) => file.startsWith("node:") && !/^node:(v8|vm)$/.test(file))).toEqual([]);
    expect([...reached]).toContain("tools.js");
  });

  test("of the program: a command loads one file besides the shared ones, and nothing imports the program", async () => {
    const graph = await readGraph("cli");
    // The rest is loaded after the compile cache is enabled.
    expect(readBefore(graph, "main.js")).toEqual(["main.js"]);
    expect(readBefore(graph, "profile.js")).toEqual(["profile.js", "program.js"]);
    expect(readBefore(graph, "run-agent.js").length).toBeLessThanOrEqual(3);
    expect(readBefore(graph, "serve.js").length).toBeLessThanOrEqual(5);
    expect(readBefore(graph, "manage-sessions.js").length).toBeLessThanOrEqual(4);
    // A module that waits for the end of the program must not be awaited by it.
    const importers = [...graph].filter(([, imports]) => imports.some(({ to }) => to === "main.js"));
    expect(importers).toEqual([]);
  });

  test.each(["optimizer", "profiler", "hub", "runtime", "server", "fleet", "cli"])(
    "of %s have no circular imports",
    async (name) => {
      const graph = await readGraph(name);
      expect([...graph].filter(([file, imports]) => imports.some(({ to }) => to === file))).toEqual([]);
      const done = new Set<string>();
      const visit = (file: string, way: readonly string[]): void => {
        expect(way, `a circle: ${[...way, file].join(" → ")}`).not.toContain(file);
        if (done.has(file)) return;
        for (const { to, isLazy, isOutside } of graph.get(file) ?? []) {
          if (!isLazy && !isOutside) visit(to, [...way, file]);
        }
        done.add(file);
      };
      for (const file of graph.keys()) visit(file, []);
    },
  );
});
