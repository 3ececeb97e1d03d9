import path from "node:path";
import type { Options } from "tsup";

type Plugin = NonNullable<Options["esbuildPlugins"]>[number];
type Build = Parameters<Plugin["setup"]>[0];
type BuildResult = Parameters<Parameters<Build["onEnd"]>[0]>[0];
type OutputFile = NonNullable<BuildResult["outputFiles"]>[number];

/**
 * A published file, with its entries and lazy parts, by their source without `./src/` and `.ts`. Code that it shares
 * with an earlier group is imported from there, so that each class exists once.
 */
export interface FileGroup {
  file: string;
  parts: readonly string[];
  /** Whether the file has a copy of all code that it needs, including packages, as for a separate process. */
  isAlone?: boolean;
  /** Packages that the file has a copy of, so that other files do not contain code that only this one uses. */
  copies?: readonly string[];
}

/** Longest line, in characters. Node prints the whole line of an uncaught error. */
const LINE_CHARACTERS = 200;

/**
 * Bundles entries and lazy parts into the few files that `groups` lists. Plain splitting makes a file for each set of
 * entries and lazy parts that share code; each file costs half a millisecond at start and a disk block. A lazy part
 * that is not listed goes into the last group.
 */
export function groupChunks(groups: readonly FileGroup[], sources: Readonly<Record<string, string>> = {}): Plugin {
  return {
    name: "group-chunks",
    setup(build) {
      const { target = "node20" } = build.initialOptions;
      const isMapped = Boolean(build.initialOptions.sourcemap);
      if (isMapped) build.initialOptions.sourcemap = "inline";
      build.initialOptions.minifyIdentifiers = false;
      build.initialOptions.minifyWhitespace = false;
      build.onEnd(async ({ outputFiles, metafile, errors }) => {
        if (outputFiles === undefined || metafile === undefined || errors.length > 0) return;
        const entries = Object.keys(build.initialOptions.entryPoints ?? {}).map((name) =>
          path.resolve("dist", `${name}.js`),
        );
        const graph = new ChunkGraph(groups, new Set(entries), outputFiles, metafile);
        const linked: OutputFile[] = [];
        for (const file of graph.files()) {
          const { outputFiles: results } = await build.esbuild.build({
            target,
            outfile: file,
            sourcemap: isMapped && "external",
            stdin: { contents: graph.contentsOf(file), resolveDir: path.dirname(file) },
            bundle: true,
            write: false,
            format: "esm",
            platform: "neutral",
            mainFields: ["module", "main"],
            minify: true,
            lineLimit: LINE_CHARACTERS,
            legalComments: "none",
            logLevel: "error",
            banner: { js: graph.bannerOf(file) },
            plugins: [{ name: "built-chunks", setup: (inner) => graph.setUp(inner, file, sources) }],
          });
          linked.push(...results);
        }
        outputFiles.splice(0, outputFiles.length, ...linked);
      });
    },
  };
}

interface Chunk {
  readonly file: string;
  readonly text: string;
  /** Source of an entry or a lazy part. */
  readonly part: string | undefined;
  readonly isPublic: boolean;
  readonly inputs: readonly string[];
  readonly exports: readonly string[];
  readonly imports: readonly { file: string; isLazy: boolean }[];
}

/** Chunks of esbuild's splitting, and the published file of each. */
class ChunkGraph {
  readonly #chunks = new Map<string, Chunk>();
  readonly #groups: readonly FileGroup[];
  /** File of a group, by chunk. */
  readonly #places = new Map<string, string>();
  /** Chunks that a file needs before its first line runs. */
  readonly #reached = new Map<string, ReadonlySet<string>>();
  /** Names under which a file exports a chunk's exports: by file, then by chunk and name. */
  readonly #names = new Map<string, Map<string, string>>();

  constructor(
    groups: readonly FileGroup[],
    entries: ReadonlySet<string>,
    files: readonly OutputFile[],
    { outputs }: NonNullable<BuildResult["metafile"]>,
  ) {
    const texts = new Map(files.map(({ path: file, text }) => [file, text]));
    for (const [name, { entryPoint, exports, imports, inputs }] of Object.entries(outputs)) {
      const file = path.resolve(name);
      const part = entryPoint && partName(entryPoint);
      const isPublic = entries.has(file);
      const own = imports.filter(({ external }) => !external);
      const links = own.map(({ path: to, kind }) => ({ file: path.resolve(to), isLazy: kind === "dynamic-import" }));
      const text = texts.get(file) ?? "";
      this.#chunks.set(file, { file, text, part, isPublic, inputs: Object.keys(inputs), exports, imports: links });
    }
    this.#groups = this.#withAll(groups);
    for (const group of this.#groups) {
      const place = path.resolve("dist", group.file);
      const closure = this.#closure(this.#rootsOf(group));
      this.#reached.set(place, new Set([...closure].map(({ file }) => file)));
      for (const chunk of closure) {
        if (!this.#places.has(chunk.file)) this.#places.set(chunk.file, place);
      }
    }
    this.#nameExports();
  }

  files(): string[] {
    const groups = this.#groups.map(({ file }) => path.resolve("dist", file));
    return [...groups, ...[...this.#chunks.values()].filter((chunk) => this.#isShim(chunk)).map(({ file }) => file)];
  }

  /** Returns the source of a file, for esbuild to link. */
  contentsOf(file: string): string {
    const chunk = this.#chunks.get(file);
    if (chunk !== undefined && this.#isShim(chunk)) return `export * from ${JSON.stringify(file)};`;
    const group = this.#groupOf(file);
    const roots = group === undefined ? [] : this.#rootsOf(group);
    const lines = roots.map((root) => `import ${JSON.stringify(root.file)};`);
    lines.push('import "all-lazy-parts";');
    for (const [key, name] of this.#names.get(file) ?? []) {
      const [from = "", own = ""] = key.split("\n");
      lines.push(`export { ${own} as ${name} } from ${JSON.stringify(from)};`);
    }
    return lines.join("\n");
  }

  bannerOf(file: string): string {
    return /^#!.*\n/.exec(this.#chunks.get(file)?.text ?? "")?.[0].trim() ?? "";
  }

  setUp(inner: Build, file: string, sources: Readonly<Record<string, string>>): void {
    const isAlone = this.#groupOf(file)?.isAlone === true;
    inner.onResolve({ filter: /.*/ }, ({ path: wanted, kind, importer, namespace }) => {
      const source = isAlone ? sources[wanted] : undefined;
      if (source !== undefined) return { path: path.resolve(source), sideEffects: false };
      if (wanted === "lazy-parts" || wanted === "all-lazy-parts") return { path: wanted, namespace: "lazy" };
      if (wanted.endsWith(".ts")) return { path: wanted, sideEffects: false };
      // Imports of an external package.
      if (namespace === "file" && importer !== "<stdin>") return undefined;
      if (!wanted.startsWith(".") && !path.isAbsolute(wanted))
        return { path: wanted, external: true, sideEffects: false };
      const found = path.isAbsolute(wanted) ? wanted : path.resolve(path.dirname(importer), wanted);
      // A file that is already linked, as named by the code below.
      if (namespace === "elsewhere" || kind === "dynamic-import")
        return { path: relative(file, found), external: true, sideEffects: false };
      const isOwn = this.#isOwn(found, file);
      return { path: found, namespace: isOwn ? "chunk" : "elsewhere", sideEffects: isOwn };
    });
    inner.onLoad({ filter: /.*/, namespace: "chunk" }, ({ path: own }) => {
      const chunk = this.#chunks.get(own) as Chunk;
      const inputs = chunk.inputs.filter((input) => packageName(input) === undefined);
      const isFrom = (source: string) =>
        inputs.length > 0 && inputs.every((input) => input.startsWith(path.posix.dirname(source)));
      // Unused code with side effects stays in a package's chunk, but not in its sources.
      const source = isAlone ? Object.values(sources).find(isFrom) : undefined;
      if (source === undefined) return { contents: this.#linkLazyParts(chunk, file), loader: "js" };
      const from = JSON.stringify(path.resolve(source));
      return { contents: `export { ${chunk.exports.join(", ")} } from ${from};`, loader: "js" };
    });
    inner.onLoad({ filter: /.*/, namespace: "lazy" }, ({ path: wanted }) => ({
      contents: wanted === "lazy-parts" ? "export const lazyParts = {};" : this.#listLazyParts(file),
      resolveDir: path.dirname(file),
      loader: "js",
    }));
    inner.onLoad({ filter: /.*/, namespace: "elsewhere" }, ({ path: chunk }) => {
      const place = this.#places.get(chunk) as string;
      const lines = (this.#chunks.get(chunk) as Chunk).exports.flatMap((name) => {
        const outer = this.#names.get(place)?.get(`${chunk}\n${name}`);
        return outer === undefined ? [] : [`export { ${outer} as ${name} } from ${JSON.stringify(place)};`];
      });
      return { contents: lines.join("\n"), loader: "js" };
    });
  }

  /** Returns the groups, and one for each unlisted public entry. Unlisted lazy parts go into the last group. */
  #withAll(groups: readonly FileGroup[]): FileGroup[] {
    const named = new Set(groups.flatMap(({ parts }) => parts));
    const known = new Set([...this.#chunks.values()].map(({ part }) => part));
    const unknown = [...named].filter((part) => !known.has(part));
    if (unknown.length > 0) throw new Error(`Unknown entry or lazy import: ${unknown.join(", ")}`);
    const used = new Set([...this.#chunks.values()].flatMap(({ imports }) => imports.map(({ file }) => file)));
    // Lazy parts that only unused code loads are left out.
    const rest = [...this.#chunks.values()].filter(
      ({ part, file, isPublic }) => part !== undefined && !named.has(part) && (isPublic || used.has(file)),
    );
    const last = groups.at(-1);
    const lazy = rest.filter(({ isPublic }) => !isPublic).map(({ part }) => part as string);
    if (lazy.length > 0 && last === undefined)
      throw new Error(`Lazy imports without a file: ${lazy.join(", ")}. List them in tsup.config.ts.`);
    if (lazy.length > 0) console.log(`group-chunks: not listed, added to ${last?.file}: ${lazy.join(", ")}`);
    const all = groups.map((group) => (group === last ? { ...group, parts: [...group.parts, ...lazy] } : group));
    const alone = rest.filter(({ isPublic }) => isPublic);
    return [...all, ...alone.map(({ file, part = "" }) => ({ file: path.relative("dist", file), parts: [part] }))];
  }

  #rootsOf({ parts }: FileGroup): Chunk[] {
    return parts.flatMap((wanted) => [...this.#chunks.values()].filter(({ part }) => part === wanted));
  }

  #closure(roots: readonly Chunk[], found = new Set<Chunk>()): Set<Chunk> {
    for (const chunk of roots) {
      if (found.has(chunk)) continue;
      found.add(chunk);
      const next = chunk.imports.filter(({ isLazy }) => !isLazy).map(({ file }) => this.#chunks.get(file) as Chunk);
      this.#closure(next, found);
    }
    return found;
  }

  #isOwn(chunk: string, file: string): boolean {
    return (
      this.#places.get(chunk) === file || (this.#isCopied(chunk, file) && this.#reached.get(file)?.has(chunk) === true)
    );
  }

  #groupOf(file: string): FileGroup | undefined {
    return this.#groups.find((group) => path.resolve("dist", group.file) === file);
  }

  /** Whether a file has a copy of a chunk that an earlier file contains. */
  #isCopied(chunk: string, file: string): boolean {
    const { isAlone = false, copies = [] } = this.#groupOf(file) ?? {};
    const inputs = this.#chunks.get(chunk)?.inputs ?? [];
    // The code that gives a package a module of Node is one line, so no file loads another one for it.
    const isCopied = (input: string) => input.startsWith("builtin:") || copies.includes(packageName(input) ?? "");
    return isAlone || (inputs.length > 0 && inputs.every(isCopied));
  }

  /** Whether a chunk is a public entry that is in a file with another name. */
  #isShim({ file, isPublic }: Chunk): boolean {
    return isPublic && this.#places.get(file) !== file;
  }

  #nameExports(): void {
    for (const chunk of this.#chunks.values()) {
      const place = this.#places.get(chunk.file) as string;
      // Exports of an entry keep their names. Exports for other files get names that no source uses.
      if (chunk.isPublic && place === chunk.file) for (const name of chunk.exports) this.#claim(chunk.file, name, name);
    }
    for (const chunk of this.#chunks.values()) {
      if (this.#isShim(chunk)) for (const name of chunk.exports) this.#claim(chunk.file, name);
      const holders = this.#groups
        .map((group) => path.resolve("dist", group.file))
        .filter((holder) => this.#isOwn(chunk.file, holder));
      for (const { file, isLazy } of chunk.imports) {
        const target = this.#chunks.get(file) as Chunk;
        const names = isLazy ? target.exports : namesFrom(chunk, target);
        const isOutside = (holder: string) => (isLazy ? this.#places.get(file) !== holder : !this.#isOwn(file, holder));
        if (holders.some(isOutside)) for (const name of names) this.#claim(file, name);
      }
    }
  }

  #claim(chunk: string, name: string, wanted?: string): void {
    const place = this.#places.get(chunk) as string;
    const names = this.#names.get(place) ?? new Map<string, string>();
    this.#names.set(place, names);
    const key = `${chunk}\n${name}`;
    if (!names.has(key)) names.set(key, wanted ?? `$${names.size.toString(36)}`);
  }

  /**
   * Links lazy imports. A lazy part in another file is imported from there. One in the same file comes from a list that
   * is filled when the whole file has run, because some bundlers cannot split a file that imports itself.
   */
  #linkLazyParts({ file, text }: Chunk, into: string): string {
    let isOfList = false;
    const linked = text.replace(/\bimport\("(\.[^"]+)"\)/g, (whole, wanted: string) => {
      const target = this.#chunks.get(path.resolve(path.dirname(file), wanted));
      if (target === undefined) return whole;
      const place = this.#places.get(target.file) as string;
      if (place === into) {
        isOfList = true;
        return `Promise.resolve(lazyParts[${JSON.stringify(target.part)}])`;
      }
      const names = this.#names.get(place);
      const members = target.exports.map((name) => `${name}: m.${names?.get(`${target.file}\n${name}`)}`);
      return `import(${JSON.stringify(place)}).then((m) => ({ ${members.join(", ")} }))`;
    });
    return isOfList ? `import { lazyParts } from "lazy-parts"; ${linked}` : linked;
  }

  /** Returns a module, which runs last, that fills the list of lazy parts that a file itself uses. */
  #listLazyParts(file: string): string {
    const own = [...this.#chunks.values()].filter(({ file: chunk }) => this.#isOwn(chunk, file));
    const wanted = new Set(
      own.flatMap(({ imports }) => imports.filter(({ isLazy }) => isLazy).map(({ file }) => file)),
    );
    const parts = [...wanted].filter((chunk) => this.#places.get(chunk) === file);
    if (parts.length === 0) return "";
    const lines = parts.flatMap((chunk, index) => {
      const { part, exports } = this.#chunks.get(chunk) as Chunk;
      const names = exports.map((name) => `${name} as $${index}_${name}`);
      const members = exports.map((name) => `${name}: $${index}_${name}`);
      return [
        `import { ${names.join(", ")} } from ${JSON.stringify(chunk)};`,
        `lazyParts[${JSON.stringify(part)}] = { ${members.join(", ")} };`,
      ];
    });
    return [`import { lazyParts } from "lazy-parts";`, ...lines].join("\n");
  }
}

/** Returns the names that a chunk imports from another one, from the head of unminified esbuild output. */
function namesFrom({ file, text }: Chunk, target: Chunk): string[] {
  return [...text.matchAll(/^(?:import|export) \{([^}]*)\} from "([^"]+)";$/gm)].flatMap(
    ([, names = "", wanted = ""]) =>
      path.resolve(path.dirname(file), wanted) === target.file
        ? names.split(",").flatMap((name) => name.trim().split(" as ")[0] || [])
        : [],
  );
}

/** `src/node/index.ts` → `node/index`, `../models/src/clock.ts` → `models/clock`, external package → its name. */
function partName(source: string): string {
  const own = source.replace(/^(?:\.\.\/)*(?:([^/]+)\/)?src\//, (_, name) => (name ? `${name}/` : ""));
  return packageName(source) ?? own.replace(/\.[jt]s$/, "");
}

function packageName(source: string): string | undefined {
  return /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1];
}

function relative(from: string, to: string): string {
  const found = path.relative(path.dirname(from), to).split(path.sep).join("/");
  return found.startsWith(".") ? found : `./${found}`;
}
