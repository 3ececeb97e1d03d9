import path from "node:path";
import type { Options } from "tsup";

type Plugin = NonNullable<Options["esbuildPlugins"]>[number];
type OnEnd = Parameters<Parameters<Plugin["setup"]>[0]["onEnd"]>[0];
type BuildResult = Parameters<OnEnd>[0];
type OutputFile = NonNullable<BuildResult["outputFiles"]>[number];

/**
 * Puts what a package's root entry always loads into one file. Splitting alone cuts it into a dozen, one for each set of
 * entries and lazy parts that share it, and every file costs a start of Node about a millisecond and half a megabyte. What
 * was in such a file is then taken from the one that it went into, so that there is still one of each class. No other
 * entry is merged: a lazy part would load all of it for the little that they share.
 */
export const mergeRoot: Plugin = {
  name: "merge-root",
  setup(build) {
    const { minifySyntax = false, minifyWhitespace = false, minifyIdentifiers = false } = build.initialOptions;
    const { target = "node20" } = build.initialOptions;
    const options = { minifySyntax, minifyWhitespace, minifyIdentifiers, target };
    build.onEnd(async ({ outputFiles, metafile, errors }) => {
      if (outputFiles === undefined || metafile === undefined || errors.length > 0) return;
      const outputs = new Map(Object.entries(metafile.outputs).map(([file, output]) => [path.resolve(file), output]));
      const files = new Map(outputFiles.map((file) => [file.path, file]));
      const entry = path.resolve("dist", "index.js");
      const parts = [...staticImports(entry)].filter((file) => file !== entry);
      if (parts.length < 2) return;
      const whole = new Set([entry, ...parts]);
      const exportsOf = (file: string) => outputs.get(file)?.exports ?? [];
      const asName = (file: string, name: string) => `part${parts.indexOf(file)}_${name}`;
      const lines = parts.map((file) => {
        const list = exportsOf(file).map((name) => `${name} as ${asName(file, name)}`);
        return `export { ${list.join(", ")} } from ${JSON.stringify(file)};`;
      });
      const { outputFiles: results } = await build.esbuild.build({
        ...options,
        stdin: {
          contents: [`export * from ${JSON.stringify(entry)};`, ...lines].join("\n"),
          resolveDir: path.dirname(entry),
        },
        bundle: true,
        write: false,
        format: "esm",
        logLevel: "error",
        plugins: [{ name: "built-files", setup: readBuiltFiles }],
      });
      const [result] = results;
      if (result === undefined) throw new Error(`${entry} could not be merged`);
      const core = path.resolve("dist", "index-whole.js");
      const { contents, text } = result;
      outputFiles.push({ ...(files.get(entry) as OutputFile), path: core, contents, text });
      for (const file of whole) {
        const list = exportsOf(file).map((name) => (file === entry ? name : `${asName(file, name)} as ${name}`));
        replace(files.get(file), `export{${list.join(",")}}from${JSON.stringify(relative(file, core))};\n`);
      }

      function staticImports(file: string, found = new Set<string>()): Set<string> {
        if (found.has(file)) return found;
        found.add(file);
        for (const { path: imported, kind, external } of outputs.get(file)?.imports ?? []) {
          if (kind === "import-statement" && !external) staticImports(path.resolve(imported), found);
        }
        return found;
      }

      function readBuiltFiles(inner: Parameters<Plugin["setup"]>[0]): void {
        inner.onResolve({ filter: /.*/ }, ({ path: wanted, kind, importer, resolveDir }) => {
          if (!wanted.startsWith(".") && !path.isAbsolute(wanted)) return { path: wanted, external: true };
          const file = path.resolve(whole.has(importer) ? path.dirname(importer) : resolveDir, wanted);
          if (whole.has(file) && kind !== "dynamic-import") return { path: file };
          // What comes out stands where the entry does.
          return { path: relative(entry, file), external: true };
        });
        inner.onLoad({ filter: /.*/ }, ({ path: file }) => ({ contents: files.get(file)?.text ?? "", loader: "js" }));
      }
    });
  },
};

function relative(from: string, to: string): string {
  const found = path.relative(path.dirname(from), to);
  return found.startsWith(".") ? found : `./${found}`;
}

function replace(file: OutputFile | undefined, text: string): void {
  if (file === undefined) return;
  const contents = new TextEncoder().encode(text);
  Object.defineProperties(file, { text: { value: text }, contents: { value: contents, writable: true } });
}
