import { existsSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { outsideArchive, ownPlaces, requireFrom, toFile } from "../../files/own-places.js";
import type { EngineOptions } from "../engine-options.js";
import { HOST_VARIABLE } from "./host-protocol.js";
import { HostStartError } from "./host-start-error.js";

/** Programs of an engine's process, for an app that Node does not run or whose files lie elsewhere. */
export type HostFiles = Pick<EngineOptions, "hostFile" | "nodeFile">;

/** A command that starts an engine's process. */
export interface HostCommand {
  nodeFile: string;
  hostFile: string;
  /** Options of Node that the program's package manager needs. */
  flags: readonly string[];
  environment: Readonly<Record<string, string>>;
}

const PACKAGE_ENTRY = "@nanoagent/runtime/host-program";
const BESIDE = ["host-program.mjs", "host-program.js", "host-program.cjs"];
const RECIPES = "docs/embedding.md has a recipe for each bundler.";

/** Finds the program of an engine's process and the Node that runs it. Throws {@link HostStartError}. */
export function findHost({ hostFile, nodeFile }: HostFiles, places: readonly string[] = ownPlaces()): HostCommand {
  return {
    nodeFile: nodeFile ?? ownNode(),
    hostFile: outOfArchive(hostFile === undefined ? search(places) : given(hostFile)),
    flags: plugAndPlayFlags(places),
    environment: {
      [HOST_VARIABLE]: "1",
      // Without it Electron opens the app a second time.
      ...(process.versions.electron === undefined ? {} : { ELECTRON_RUN_AS_NODE: "1" }),
    },
  };
}

function search(places: readonly string[]): string {
  const beside = places.flatMap((place) => BESIDE.map((name) => path.join(path.dirname(place), name)));
  const bundled = beside.find((file) => existsSync(file));
  if (bundled !== undefined) return bundled;
  for (const place of places) {
    try {
      return requireFrom(place).resolve(PACKAGE_ENTRY);
    } catch {}
  }
  const folder = path.dirname(places[0] ?? process.execPath);
  throw new HostStartError({
    failure: "host-not-found",
    message: "The program of the engine's process, host-program, cannot be found.",
    reason: `It is neither beside this program in ${folder} nor in an installed @nanoagent/runtime, as after a bundler has put all into one file.`,
    hint: `Bundle ${PACKAGE_ENTRY} as a second entry named host-program into the same folder, or pass its path: new NanoRuntime({ hostFile }). ${RECIPES}`,
  });
}

function given(hostFile: string | URL): string {
  const file = toFile(hostFile);
  const found = file === undefined ? undefined : path.resolve(file);
  if (found !== undefined && existsSync(found)) return found;
  throw missingHost(found ?? String(hostFile));
}

/** Makes the error for a program that was found and is gone, or that an option names and that never was there. */
export function missingHost(hostFile: string, cause?: unknown): HostStartError {
  return new HostStartError({
    failure: "host-not-found",
    message: `The program of the engine's process is missing: there is no file ${hostFile}.`,
    hint: `If the app was updated or moved while it ran, start it again. Otherwise pass the path of the bundled or installed ${PACKAGE_ENTRY} as hostFile. ${RECIPES}`,
    cause,
  });
}

function outOfArchive(file: string): string {
  const outside = outsideArchive(file);
  if (!/\.asar[\\/]/.test(outside)) return outside;
  throw new HostStartError({
    failure: "host-in-archive",
    message: `The program of the engine's process is inside an archive: ${file}.`,
    reason: "Libraries of llama.cpp can only be loaded from files, and the process looks for them beside its program.",
    hint: 'Leave both out of the archive, with electron-builder by asarUnpack: ["**/node_modules/@nanoagent/**", "**/node_modules/@node-llama-cpp/**"].',
  });
}

/** Runtimes and packed programs whose own file cannot run the host, each with what it would do instead. */
const notNode: readonly { name: string; isHere: () => boolean; why: string }[] = [
  {
    name: "Bun",
    isHere: () => process.versions.bun !== undefined,
    why: "Bun reserves more memory at its start than the limit of the engine's process allows.",
  },
  {
    name: "a single executable application of Node",
    isHere: () => (getBuiltin("node:sea") as { isSea?(): boolean } | undefined)?.isSea?.() === true,
    why: "The file of such an app always runs the app itself.",
  },
  {
    name: "a program packed by pkg",
    isHere: () => "pkg" in process,
    why: "The file of such a program runs the program itself, and its other files are inside it.",
  },
  {
    name: "a program compiled by Deno",
    isHere: () => (globalThis as { Deno?: { build?: { standalone?: boolean } } }).Deno?.build?.standalone === true,
    why: "The file of such a program always runs the program itself.",
  },
  {
    name: "NW.js",
    isHere: () => process.versions.nw !== undefined,
    why: "Its file opens the app a second time.",
  },
];

function ownNode(): string {
  const runtime = notNode.find(({ isHere }) => isHere());
  if (runtime !== undefined) {
    throw new HostStartError({
      failure: "no-node",
      message: `The engine's process needs Node, and this program is ${runtime.name === "Bun" ? "run by Bun" : runtime.name}.`,
      reason: runtime.why,
      hint: "Pass the path of a Node 20.19 or newer: new NanoRuntime({ nodeFile }). Or set engine.isolation: none, which runs the model in this program without a limit on its memory.",
    });
  }
  // The helper of Electron on macOS shows no icon in the dock.
  return (process as { helperExecPath?: string }).helperExecPath ?? process.execPath;
}

function getBuiltin(name: string): unknown {
  return (process as { getBuiltinModule?(name: string): unknown }).getBuiltinModule?.(name);
}

/** Yarn's Plug'n'Play keeps packages in archives that Node reads with its hooks alone. */
function plugAndPlayFlags(places: readonly string[]): string[] {
  const [place] = places;
  if (process.versions.pnp === undefined || place === undefined) return [];
  try {
    const hooks = requireFrom(place).resolve("pnpapi");
    const loader = path.join(path.dirname(hooks), ".pnp.loader.mjs");
    const loading = existsSync(loader) ? ["--experimental-loader", pathToFileURL(loader).href] : [];
    return ["--require", hooks, ...loading];
  } catch {
    return [];
  }
}
