import { existsSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { outsideArchive, ownPlaces, requireFrom, toFile } from "../../files/own-places.js";
import type { EngineOptions } from "../engine-options.js";
import { HOST_VARIABLE } from "./host-protocol.js";
import { HostStartError } from "./host-start-error.js";

/** Paths for the engine's process, for apps that Node does not run or that keep their files elsewhere. */
export type HostFiles = Pick<EngineOptions, "hostFile" | "nodeFile">;

/** Command that starts an engine's process. */
export interface HostCommand {
  nodeFile: string;
  hostFile: string;
  /** Node options that the program's package manager needs. */
  flags: readonly string[];
  environment: Readonly<Record<string, string>>;
}

const PACKAGE_ENTRY = "@nanoagent/runtime/host-program";
const BESIDE = ["host-program.mjs", "host-program.js", "host-program.cjs"];
const RECIPES = "docs/embedding.md has a recipe for each bundler.";

/** Finds the host program and the Node binary that runs it. Throws {@link HostStartError}. */
export function findHost({ hostFile, nodeFile }: HostFiles, places: readonly string[] = ownPlaces()): HostCommand {
  return {
    nodeFile: nodeFile ?? ownNode(),
    hostFile: outOfArchive(hostFile === undefined ? search(places) : given(hostFile)),
    flags: plugAndPlayFlags(places),
    environment: {
      [HOST_VARIABLE]: "1",
      // Without this variable, Electron would open the app a second time.
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
    message: "host-program, the program of the engine's process, was not found.",
    reason: `It is neither in ${folder} nor in an installed @nanoagent/runtime, for example because a bundler merged everything into one file.`,
    hint: `Bundle ${PACKAGE_ENTRY} into the same folder as a second entry named host-program, or pass its path: new NanoRuntime({ hostFile }). ${RECIPES}`,
  });
}

function given(hostFile: string | URL): string {
  const file = toFile(hostFile);
  const found = file === undefined ? undefined : path.resolve(file);
  if (found !== undefined && existsSync(found)) return found;
  throw missingHost(found ?? String(hostFile));
}

/** Returns the error for a host program that disappeared or that an option names but does not exist. */
export function missingHost(hostFile: string, cause?: unknown): HostStartError {
  return new HostStartError({
    failure: "host-not-found",
    message: `The program of the engine's process does not exist: ${hostFile}.`,
    hint: `If the app was updated or moved while it ran, restart it. Otherwise pass the path of the bundled or installed ${PACKAGE_ENTRY} as hostFile. ${RECIPES}`,
    cause,
  });
}

function outOfArchive(file: string): string {
  const outside = outsideArchive(file);
  if (!/\.asar[\\/]/.test(outside)) return outside;
  throw new HostStartError({
    failure: "host-in-archive",
    message: `The program of the engine's process is inside an archive: ${file}.`,
    reason: "llama.cpp's libraries load only from regular files, and the process searches for them beside its program.",
    hint: 'Unpack both from the archive. For electron-builder, asarUnpack: ["**/node_modules/@nanoagent/**", "**/node_modules/@node-llama-cpp/**"].',
  });
}

/** Runtimes and packed programs whose binary cannot run the host, and the reason for each. */
const notNode: readonly { name: string; isHere: () => boolean; why: string }[] = [
  {
    name: "Bun",
    isHere: () => process.versions.bun !== undefined,
    why: "Bun reserves more memory at startup than the memory limit of the engine's process.",
  },
  {
    name: "a single executable application of Node",
    isHere: () => (getBuiltin("node:sea") as { isSea?(): boolean } | undefined)?.isSea?.() === true,
    why: "Its executable always runs the app itself.",
  },
  {
    name: "a program packed by pkg",
    isHere: () => "pkg" in process,
    why: "Its executable always runs the program itself and contains its other files.",
  },
  {
    name: "a program compiled by Deno",
    isHere: () => (globalThis as { Deno?: { build?: { standalone?: boolean } } }).Deno?.build?.standalone === true,
    why: "Its executable always runs the program itself.",
  },
  {
    name: "NW.js",
    isHere: () => process.versions.nw !== undefined,
    why: "Its executable would open the app a second time.",
  },
];

function ownNode(): string {
  const runtime = notNode.find(({ isHere }) => isHere());
  if (runtime !== undefined) {
    throw new HostStartError({
      failure: "no-node",
      message: `The engine's process needs Node, but this program ${runtime.name === "Bun" ? "runs on Bun" : `is ${runtime.name}`}.`,
      reason: runtime.why,
      hint: "Pass the path of a Node 20.19 or newer: new NanoRuntime({ nodeFile }). Or set engine.isolation: none to run the model in this program, without a memory limit.",
    });
  }
  // On macOS, Electron's helper shows no icon in the dock.
  return (process as { helperExecPath?: string }).helperExecPath ?? process.execPath;
}

function getBuiltin(name: string): unknown {
  return (process as { getBuiltinModule?(name: string): unknown }).getBuiltinModule?.(name);
}

/** Flags for Yarn's Plug'n'Play, whose packages are in archives that Node can only read through hooks. */
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
