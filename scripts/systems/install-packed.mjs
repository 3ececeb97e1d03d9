// Lays out the packed packages in a folder as `npm install` does, for any platform, without running programs of that
// platform. Needs the build (pnpm build) and npm.
//
//   node install-packed.mjs FOLDER [PLATFORM]      PLATFORM: linux-x64 (default), linux-arm64, …, or none
//
// PLATFORM selects the package @node-llama-cpp/PLATFORM with llama.cpp. With none, local models cannot be loaded.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const [place, platform = "linux-x64"] = process.argv.slice(2);
if (place === undefined) {
  process.stderr.write("Usage: node install-packed.mjs FOLDER [PLATFORM]\n");
  process.exit(2);
}
const folder = path.resolve(place);
const { packageManager } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
const runtime = JSON.parse(readFileSync(path.join(root, "packages/runtime/package.json"), "utf8"));

const tarballs = mkdtempSync(path.join(tmpdir(), "nanoagent-tarballs-"));
try {
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
  for (const name of ["models", "profiler", "optimizer", "runtime", "cli"]) {
    const packed = run("npx", ["--yes", packageManager, "pack", "--json", "--pack-destination", tarballs], {
      cwd: path.join(root, "packages", name),
    });
    unpack(JSON.parse(packed).filename, `@nanoagent/${name}`);
  }
  if (platform !== "none") {
    const name = `@node-llama-cpp/${platform}`;
    const packed = run("npm", ["pack", "--json", "--pack-destination", tarballs, `${name}@${versionOf(name)}`]);
    unpack(path.join(tarballs, nameOf(JSON.parse(packed))), name);
  }
} finally {
  rmSync(tarballs, { recursive: true, force: true });
}

/** Returns the file name of a packed package. npm 12 prints an object by package name, older versions print a list. */
function nameOf(packed) {
  const [{ filename }] = Array.isArray(packed) ? packed : Object.values(packed);
  return path.basename(filename);
}

/** Returns the pinned version of a package. Packages for unsupported platforms have the same version. */
function versionOf(name) {
  const pinned = runtime.peerDependencies;
  return pinned[name] ?? pinned["@node-llama-cpp/linux-x64"];
}

function unpack(tarball, name) {
  const target = path.join(folder, "node_modules", name);
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  run("tar", ["-xzf", tarball, "-C", target, "--strip-components=1"]);
}

function run(file, args, options = {}) {
  // npm and npx are scripts on Windows, which need a shell.
  const shell = process.platform === "win32" && file !== "tar";
  return execFileSync(file, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], shell, ...options });
}
