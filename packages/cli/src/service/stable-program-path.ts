import { realpathSync } from "node:fs";
import path from "node:path";
import { ServiceCommandError } from "./service-command-error.js";

/** Paths of Node and of the program that will still exist at the next boot. */
export interface ProgramPaths {
  node: string;
  program: string;
}

/** Folders of which a package manager removes the content by itself. */
const passing = [
  { pattern: /\/_npx\//, manager: "npx" },
  { pattern: /\/pnpm\/dlx/, manager: "pnpm dlx" },
  { pattern: /\/\.yarn\/.*\/dlx-/, manager: "yarn dlx" },
  { pattern: /\/bunx-\d+/, manager: "bunx" },
  { pattern: /^\/(?:var\/)?tmp\//, manager: null },
] as const;

/**
 * Links that always lead to the installed version, for real paths that change with an upgrade: of snap, Homebrew, Nix, and
 * pnpm's store.
 */
const links: readonly [RegExp, string][] = [
  [/^\/snap\/([^/]+)\/\d+\//, "/snap/$1/current/"],
  [/^(.*)\/Cellar\/([^/]+)\/[^/]+\//, "$1/opt/$2/"],
  [/^\/nix\/store\/[^/]+\/bin\//, "/run/current-system/sw/bin/"],
  [/\/\.pnpm\/[^/]+\/node_modules\//, "/node_modules/"],
];

interface ReadLinks {
  /** Returns the real path of a file. Throws if it does not exist. */
  realPath(file: string): string;
}

/**
 * Returns the paths to write into a unit: the real paths, because links of version managers change with the shell, but a
 * stable link where the real path changes with an upgrade.
 */
export function stableProgramPaths(
  node: string,
  program: string,
  { realPath }: ReadLinks = { realPath: realpathSync },
): ProgramPaths {
  return { node: stablePath(node, realPath), program: stablePath(program, realPath) };
}

function stablePath(file: string, realPath: ReadLinks["realPath"]): string {
  const real = realPath(file);
  for (const [pattern, replacement] of links) {
    const link = real.replace(pattern, replacement);
    if (link !== real && leadsTo(link, real, realPath)) return link;
  }
  return real;
}

function leadsTo(link: string, real: string, realPath: ReadLinks["realPath"]): boolean {
  try {
    return realPath(link) === real;
  } catch {
    return false;
  }
}

/** Returns the error for a program that is in a cache or a temporary folder, or null. */
export function passingProgram({ program }: ProgramPaths): ServiceCommandError | null {
  const found = passing.find(({ pattern }) => pattern.test(program));
  if (found === undefined) return null;
  return new ServiceCommandError({
    code: "service-unsuitable",
    message: `This nanoagent is in ${path.dirname(program)}, which does not last.`,
    reason:
      found.manager === null
        ? "Temporary folders are emptied at boot, and a service has its own."
        : `${found.manager} removes its cache at some time.`,
    hint: "Install the program as README.md says (in its folder: npm install --global ./packages/cli), then run: nanoagent service install",
  });
}
