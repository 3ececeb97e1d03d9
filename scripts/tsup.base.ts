import { copyFileSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { defineConfig, type Options } from "tsup";
import { type FileGroup, groupChunks } from "./group-chunks";

type ExportTarget = string | { "@nanoagent/source"?: string };

interface PackageManifest {
  name: string;
  exports: Record<string, ExportTarget>;
  publishConfig?: { exports?: Record<string, unknown> };
}

/**
 * The build of one package: ESM and declarations, one output file per entry of its `exports` map and per program, own and
 * third-party code that is no declared dependency inlined, with the licences of what was inlined beside it.
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
    // "neutral" takes the plain ESM build of a library where it offers one for Node and one for the rest.
    platform: "neutral",
    external: [/^node:/, /^#/],
    removeNodeProtocol: false,
    splitting: true,
    esbuildPlugins: [...esbuildPlugins, groupChunks(groups, sources)],
    // Small is the product: a quarter of the size is names. A stack of a published package is read with a build of its
    // tag that has source maps (`tsup --sourcemap`).
    minifySyntax: true,
    minifyWhitespace: true,
    minifyIdentifiers: true,
    clean: true,
    // Declarations of what the import map alone names would only be shared pieces of the others'.
    dts: dts && {
      ...dts,
      entry: entriesOf([...entries, ...programs.filter(isExported)]),
      compilerOptions: { stripInternal: true },
    },
    metafile: true,
    onSuccess: async () => {
      copyFileSync("../../LICENSE", "LICENSE");
      writeInlinedLicences("dist");
      for (const [from, to] of Object.entries(copies)) if (existsSync(from)) cpSync(from, to, { recursive: true });
    },
    ...overrides,
  });
}

interface BuildOverrides extends Omit<Options, "dts"> {
  /** Options of the declarations, or false for none. */
  dts?: { banner?: string } | false;
  /** Folders that are copied as they are, by where they come from. */
  copies?: Readonly<Record<string, string>>;
  /** Files that are more than an entry; the last one takes lazy parts that none names. */
  groups?: readonly FileGroup[];
  /** Sources of packages that a file which stands alone inlines. */
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

/** What is inlined travels under its own licence: its text goes into the package. */
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
    if (file === undefined) throw new Error(`${name} is inlined but carries no licence text (${license})`);
    return `${name} ${version} (${license})\n\n${readFileSync(path.join(root, file), "utf8").trim()}\n`;
  });
  writeFileSync(path.join(folder, "THIRD-PARTY-LICENSES.txt"), notices.join(`\n${"-".repeat(72)}\n\n`));
}
