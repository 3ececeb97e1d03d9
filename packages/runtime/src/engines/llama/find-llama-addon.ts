import { existsSync, readFileSync, statSync } from "node:fs";
import { machine } from "node:os";
import path from "node:path";
import { outsideArchive, ownPlaces, requireFrom } from "../../files/own-places.js";
import { EngineError } from "../engine-error.js";
import { remoteEngineHint } from "./remote-engine-hint.js";

/** Version of llama.cpp's prebuilt packages that the binding in `llama-addon.ts` supports. */
export const ADDON_VERSION = "3.22.1";

/**
 * Package that contains the add-on, by `process.platform` and `process.arch`. The package linux-armv7l is excluded
 * because its files are for 64-bit ARM.
 */
const packageNames: Partial<Record<string, string>> = {
  "linux-x64": "linux-x64",
  "linux-arm64": "linux-arm64",
  "darwin-arm64": "mac-arm64-metal",
  "darwin-x64": "mac-x64",
  "win32-x64": "win-x64",
  "win32-arm64": "win-arm64",
};

/**
 * Returns the name of the package that contains llama.cpp for this platform. Throws {@link EngineError}
 * `engine-unavailable` if npm has no such package.
 */
export function addonPackage(
  platform: string = process.platform,
  arch: string = process.arch,
  kernel: string = machine(),
): string {
  const name = packageNames[`${platform}-${arch}`];
  if (name !== undefined) return `@node-llama-cpp/${name}`;
  const is32BitArm = platform === "linux" && arch === "arm";
  // To 32-bit programs, as under linux32 and LXC, a 64-bit kernel reports armv8l.
  const has64BitKernel = is32BitArm && (kernel === "aarch64" || kernel === "armv8l");
  throw new EngineError({
    code: "engine-unavailable",
    message: `No prebuilt llama.cpp exists for ${is32BitArm ? "32-bit ARM" : `${platform}-${arch}`}.`,
    reason: has64BitKernel ? "This Node is 32-bit, but the processor and kernel are 64-bit." : undefined,
    hint: remoteEngineHint(
      has64BitKernel
        ? "Install a 64-bit system with a 64-bit Node on this machine, such as 64-bit Raspberry Pi OS."
        : undefined,
    ),
  });
}

/**
 * Returns the add-on's folder for this machine without reading its files. Throws {@link EngineError}
 * `engine-unavailable` with a command that installs or reinstalls it or makes it readable.
 */
export async function findLlamaAddon(): Promise<string> {
  const packageName = addonPackage();
  const { binsDir, packageVersion } = await locate(packageName);
  if (packageVersion === ADDON_VERSION) return path.join(binsDir, packageName.replace("@node-llama-cpp/", ""));
  throw notInstalled(packageName, `version ${packageVersion} is installed, but ${ADDON_VERSION} is required`);
}

/** Finds the package from this program's files without importing it. A bundler could not follow an import. */
async function locate(packageName: string): Promise<{ binsDir: string; packageVersion: string }> {
  let cause: unknown;
  for (const place of ownPlaces()) {
    try {
      const entry = requireFrom(place).resolve(packageName);
      if (statSync(entry).size === 0) throw new Error(`${entry} is empty`);
      const folder = outsideArchive(path.resolve(entry, "../.."));
      const { version } = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8")) as { version: string };
      return { binsDir: path.join(folder, "bins"), packageVersion: version };
    } catch (error) {
      cause ??= error;
    }
  }
  const { explainPackage } = await import("./explain-package.js");
  const error = await explainPackage(installedPackage(packageName), ownFile(), cause);
  throw error ?? notInstalled(packageName, "it is not installed", cause);
}

function ownFile(): string {
  return ownPlaces()[0] ?? process.execPath;
}

/** Returns a package with the command that reinstalls it. */
export function installedPackage(name: string): { name: string; reinstall: string } {
  return { name, reinstall: `${npmCommand("uninstall", name)} && ${npmCommand("install", name)}` };
}

function notInstalled(packageName: string, why: string, cause?: unknown): EngineError {
  return new EngineError({
    code: "engine-unavailable",
    message: `Running a local model needs the package ${packageName}: ${why}.`,
    hint: `Run: ${npmCommand("install", packageName)}`,
    cause,
  });
}

/** Returns the command that installs or uninstalls a package where this program finds it. */
function npmCommand(verb: "install" | "uninstall", packageName: string): string {
  const place = isInstalledForAll() ? "--global " : "";
  return `npm ${verb} ${place}${packageName}${verb === "install" ? `@${ADDON_VERSION}` : ""}`;
}

/** Whether npm installed this program with --global. Packages must then be installed globally, too. */
function isInstalledForAll(): boolean {
  const file = ownFile();
  const at = file.indexOf(`${path.sep}node_modules${path.sep}`);
  return at >= 0 && !existsSync(path.join(file.slice(0, at), "package.json"));
}
