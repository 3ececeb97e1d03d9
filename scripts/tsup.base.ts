import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import path from "node:path";
import { brotliCompressSync } from "node:zlib";
import { defineConfig, type Options } from "tsup";
import { type FileGroup, groupChunks } from "./group-chunks";
import { lighterPackages } from "./lighter-packages";

type ExportTarget = string | { "@nanoagent/source"?: string };

interface PackageManifest {
  name: string;
  exports: Record<string, ExportTarget>;
  publishConfig?: { exports?: Record<string, unknown> };
}

/**
 * Build of a package: ESM and declarations, with one output file per entry of its `exports` map and per program. Code
 * that is not a declared dependency is inlined, with its licenses in a separate file.
 */
export function packageBuild(
  programs: readonly string[] = [],
  { dts = {}, copies = {}, groups = [], sources = {}, esbuildPlugins = [], ...overrides }: BuildOverrides = {},
) {
  const manifest = JSON.parse(readFileSync("package.json", "utf8")) as PackageManifest;
  const isExported = (source: string) => JSON.stringify(manifest.exports).includes(`./dist/${entryName(source)}.js`);
  const published = new Set(Object.keys(manifest.publishConfig?.exports ?? manifest.exports));
  const entries = Object.entries(manifest.exports).flatMap(([key, target]) =>
    published.has(key) && typeof target === "object" && target["@nanoagent/source"]
      ? [target["@nanoagent/source"]]
      : [],
  );
  return defineConfig({
    entry: entriesOf([...entries, ...programs]),
    format: "esm",
    target: "node20",
    // "neutral" selects the generic ESM build of a library that also has one for Node.
    platform: "neutral",
    external: [/^node:/, /^#/],
    removeNodeProtocol: false,
    splitting: true,
    esbuildPlugins: [...esbuildPlugins, lighterPackages, importBuiltins, groupChunks(groups, sources)],
    // Names are a quarter of the size. To read a stack trace of a published package, build its tag with source maps
    // (`tsup --sourcemap`).
    minifySyntax: true,
    minifyWhitespace: true,
    minifyIdentifiers: true,
    clean: true,
    // Entries that are only in the import map have no declarations: those would duplicate the others.
    dts: dts && {
      ...dts,
      entry: entriesOf([...entries, ...programs.filter(isExported)]),
      compilerOptions: { stripInternal: true },
    },
    metafile: true,
    onSuccess: async () => {
      copyFileSync("../../LICENSE", "LICENSE");
      writeInlinedLicences("dist");
      for (const [from, to] of Object.entries(copies)) if (existsSync(from)) copy(from, to);
    },
    ...overrides,
  });
}

/** Copies a file or a folder. A file whose target ends in `.br` is compressed. */
function copy(from: string, to: string): void {
  if (to.endsWith(".br")) {
    mkdirSync(path.dirname(to), { recursive: true });
    writeFileSync(to, brotliCompressSync(readFileSync(from)));
  } else cpSync(from, to, { recursive: true });
}

/** Imports modules of Node that CommonJS packages require: ES modules have no `require`. */
const importBuiltins: NonNullable<Options["esbuildPlugins"]>[number] = {
  name: "import-builtins",
  setup(build) {
    build.onResolve({ filter: /^[a-z]/ }, ({ path: name, kind }) =>
      kind === "require-call" && isBuiltin(name) ? { path: name, namespace: "builtin" } : undefined,
    );
    build.onLoad({ filter: /./, namespace: "builtin" }, ({ path: name }) => {
      const from = JSON.stringify(name.startsWith("node:") ? name : `node:${name}`);
      return { contents: `export * from ${from}; export { default } from ${from};` };
    });
  },
};

interface BuildOverrides extends Omit<Options, "dts"> {
  /** Options for declarations; false: none. */
  dts?: { banner?: string } | false;
  /** Files and folders to copy, from source to target. A file whose target ends in `.br` is compressed. */
  copies?: Readonly<Record<string, string>>;
  /** Files with several entries or lazy parts. The last one also gets lazy parts that are not listed. */
  groups?: readonly FileGroup[];
  /** Sources of packages, for files with `isAlone`. */
  sources?: Readonly<Record<string, string>>;
}

function entriesOf(sources: readonly string[]): Record<string, string> {
  return Object.fromEntries(sources.map((source) => [entryName(source), source]));
}

/** `./src/engines/llama/index.ts` → `engines/llama`, `./src/node/index.ts` → `node`, `./src/index.ts` → `index`. */
function entryName(source: string): string {
  return source
    .replace("./src/", "")
    .replace(/\.ts$/, "")
    .replace(/\/index$/, "");
}

/** Writes the licenses of inlined packages into the package. */
function writeInlinedLicences(folder: string): void {
  const metafile = path.join(folder, "metafile-esm.json");
  const { outputs } = JSON.parse(readFileSync(metafile, "utf8")) as {
    outputs: Record<string, { inputs: Record<string, { bytesInOutput: number }> }>;
  };
  const packages = new Set<string>();
  for (const output of Object.values(outputs)) {
    for (const [input, { bytesInOutput }] of Object.entries(output.inputs)) {
      const at = input.lastIndexOf("node_modules/");
      if (at < 0 || bytesInOutput === 0) continue;
      const [scopeOrName = "", rest] = input.slice(at + "node_modules/".length).split("/");
      const name = scopeOrName.startsWith("@") ? `${scopeOrName}/${rest}` : scopeOrName;
      packages.add(`${input.slice(0, at)}node_modules/${name}`);
    }
  }
  rmSync(metafile);
  if (packages.size === 0) return;
  const notices = [...packages].sort().map((root) => {
    const { name, version, license } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
    const file = readdirSync(root).find((candidate) => /^licen[cs]e(\.md|\.txt)?$/i.test(candidate));
    if (file === undefined) throw new Error(`${name} is inlined, but has no license file (${license})`);
    return `${name} ${version} (${license})\n\n${readFileSync(path.join(root, file), "utf8").trim()}\n`;
  });
  writeFileSync(path.join(folder, "THIRD-PARTY-LICENSES.txt"), notices.join(`\n${"-".repeat(72)}\n\n`));
}
