// Lays out the packed packages as a user's folder has them after `npm install`, for any platform, without running
// anything of that platform. Needs the build (pnpm build) and npm.
//
//   node install-packed.mjs FOLDER [PLATFORM]      PLATFORM: linux-x64 (default), linux-arm64, …, or none
//
// PLATFORM names the package @node-llama-cpp/PLATFORM that holds llama.cpp; with none no local model can be loaded.
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

/** npm 12 prints an object by package name where older ones print a list. */
function nameOf(packed) {
  const [{ filename }] = Array.isArray(packed) ? packed : Object.values(packed);
  return path.basename(filename);
}

/** The pinned version; packages for platforms that are not supported are of the same release. */
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
  // npm and npx are scripts on Windows, and scripts need a shell there.
  const shell = process.platform === "win32" && file !== "tar";
  return execFileSync(file, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], shell, ...options });
}
